using System.Globalization;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>Which of the offered times an answer means: by its place, or by a day or hour that only one of them has.</summary>
internal static class TimeChoice
{
    private static readonly string[] LaterPhrases = ["later", "other time", "another time", "different time", "more times", "next ones", "none", "neither", "four"];

    private static readonly Dictionary<string, int> Places = new(StringComparer.Ordinal)
    {
        ["first"] = 1,
        ["1st"] = 1,
        ["one"] = 1,
        ["1"] = 1,
        ["second"] = 2,
        ["2nd"] = 2,
        ["two"] = 2,
        ["2"] = 2,
        ["third"] = 3,
        ["3rd"] = 3,
        ["three"] = 3,
        ["3"] = 3,
    };

    private static readonly Dictionary<string, int> Numbers = new(StringComparer.Ordinal)
    {
        ["one"] = 1,
        ["two"] = 2,
        ["three"] = 3,
        ["four"] = 4,
        ["five"] = 5,
        ["six"] = 6,
        ["seven"] = 7,
        ["eight"] = 8,
        ["nine"] = 9,
        ["ten"] = 10,
        ["eleven"] = 11,
        ["twelve"] = 12,
        ["fifteen"] = 15,
        ["twenty"] = 20,
        ["thirty"] = 30,
        ["forty"] = 40,
    };

    // What makes the number before it an hour.
    private static readonly HashSet<string> HourMarks = ["oclock", "o", "am", "pm", "a", "p", "in"];

    private static readonly Dictionary<string, DayOfWeek> Weekdays =
        Enum.GetValues<DayOfWeek>().ToDictionary(day => day.ToString(), StringComparer.OrdinalIgnoreCase);

    private static readonly Dictionary<string, (int From, int To)> PartsOfDay = new(StringComparer.Ordinal)
    {
        ["morning"] = (0, 12),
        ["am"] = (0, 12),
        ["afternoon"] = (12, 17),
        ["evening"] = (17, 24),
        ["tonight"] = (17, 24),
        ["pm"] = (12, 24),
    };

    public static bool WantsLater(IReadOnlyList<string> words) => LaterPhrases.Any(phrase => Words.Contain(words, phrase));

    /// <returns>The index; null when it is none of them, or may be several.</returns>
    public static int? Of(IReadOnlyList<DateTimeOffset> times, TimeZoneInfo zone, IReadOnlyList<string> words)
    {
        var local = times.Select(time => TimeZoneInfo.ConvertTime(time, zone)).ToArray();
        var hour = HourIn(words, out var minute, out var hourAt);
        var fitting = Enumerable.Range(0, times.Count).Where(index => Fits(local[index], words, hour, minute)).ToList();
        // Who says eight, and could have half past, means eight.
        if (fitting.Count > 1 && hour is not null && minute is null)
            fitting = fitting.FindAll(index => local[index].Minute == 0);
        var isTold = hour is not null || words.Any(word => Weekdays.ContainsKey(word) || PartsOfDay.ContainsKey(word));
        var places = words
            .Where((word, index) => Places.ContainsKey(word) && index != hourAt && !IsDayOfMonth(words, index) && !IsPronoun(words, index))
            .Select(word => Places[word] - 1).Distinct().ToList();
        if (words.Contains("last"))
            places.Add(times.Count - 1);
        if (isTold && fitting is [var only] && places.TrueForAll(named => named == only))
            return only;
        return places is [var place] && place < times.Count && (!isTold || fitting.Contains(place)) ? place : null;
    }

    private static bool Fits(DateTimeOffset time, IReadOnlyList<string> words, int? hour, int? minute) =>
        (hour is null || time.Hour % 12 == hour % 12)
        && (minute is null || time.Minute == minute)
        && words.Where(Weekdays.ContainsKey).All(word => time.DayOfWeek == Weekdays[word])
        && words.Where(PartsOfDay.ContainsKey).All(word => time.Hour >= PartsOfDay[word].From && time.Hour < PartsOfDay[word].To);

    private static int? HourIn(IReadOnlyList<string> words, out int? minute, out int hourAt)
    {
        minute = null;
        hourAt = -1;
        for (var i = 0; i < words.Count; i++)
        {
            if (words[i] is "noon" or "midday")
                return 12;
            if (NumberOf(words[i]) is not { } number)
                continue;
            // "830" is how some recognisers write half past eight.
            if (number is >= 100 and < 1300 && number % 100 < 60)
            {
                minute = number % 100;
                return number / 100;
            }
            var next = i + 1 < words.Count ? words[i + 1] : "";
            var minutes = NumberOf(next) is >= 10 and < 60 and var said ? said : next == "00" ? 0 : (int?)null;
            var halfPast = i >= 2 && words[i - 1] == "past" && words[i - 2] == "half";
            var isHour = number is >= 1 and <= 12
                && (number > 3 || halfPast || minutes is not null || HourMarks.Contains(next) || (i > 0 && words[i - 1] is "at" or "around"));
            if (!isHour || IsDayOfMonth(words, i))
                continue;
            minute = halfPast ? 30 : minutes;
            hourAt = i;
            return number;
        }
        return null;
    }

    // "December 4" is no hour.
    private static bool IsDayOfMonth(IReadOnlyList<string> words, int index) =>
        index > 0 && CultureInfo.InvariantCulture.DateTimeFormat.MonthNames.Contains(words[index - 1], StringComparer.OrdinalIgnoreCase);

    // "The second one" names a second, and no one.
    private static bool IsPronoun(IReadOnlyList<string> words, int index) =>
        words[index] == "one" && index > 0 && words[index - 1] is ("first" or "second" or "third" or "last" or "other" or "that" or "this" or "the");

    private static int? NumberOf(string word) =>
        Numbers.TryGetValue(word, out var named) ? named
        : word.Length <= 4 && int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var digits) ? digits
        : null;
}
