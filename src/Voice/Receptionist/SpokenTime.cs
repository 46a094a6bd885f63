using System.Globalization;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>A time as it is said on the phone: "Tuesday December 1st at 8 in the morning".</summary>
internal static class SpokenTime
{
    public static string Of(DateTimeOffset time, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(time, zone);
        var day = local.ToString("dddd MMMM ", CultureInfo.InvariantCulture) + Ordinal(local.Day);
        return $"{day} at {Clock(local.Hour, local.Minute)}";
    }

    private static string Clock(int hour, int minute)
    {
        if (minute == 0 && hour is 0 or 12)
            return hour == 0 ? "midnight" : "noon";
        var onTheDial = hour % 12 == 0 ? 12 : hour % 12;
        var minutes = minute == 0 ? "" : minute < 10 ? $" oh {minute}" : $" {minute}";
        return $"{onTheDial}{minutes} {PartOf(hour)}";
    }

    private static string PartOf(int hour) => hour switch
    {
        < 12 => "in the morning",
        < 17 => "in the afternoon",
        < 21 => "in the evening",
        _ => "at night",
    };

    private static string Ordinal(int day) => day + (day switch
    {
        1 or 21 or 31 => "st",
        2 or 22 => "nd",
        3 or 23 => "rd",
        _ => "th",
    });
}
