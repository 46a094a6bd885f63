using System.Globalization;
using System.Text;

namespace KestrelVoice.Features.Summaries.Offline;

/// <summary>Numbers as people say them: "five oh three, triple five, twelve forty two".</summary>
internal static class SpokenDigits
{
    private static readonly Dictionary<string, int> Units = new(StringComparer.Ordinal)
    {
        ["zero"] = 0,
        ["oh"] = 0,
        ["o"] = 0,
        ["one"] = 1,
        ["two"] = 2,
        ["three"] = 3,
        ["four"] = 4,
        ["five"] = 5,
        ["six"] = 6,
        ["seven"] = 7,
        ["eight"] = 8,
        ["nine"] = 9,
        ["niner"] = 9,
        ["cero"] = 0,
        ["uno"] = 1,
        ["dos"] = 2,
        ["tres"] = 3,
        ["cuatro"] = 4,
        ["cinco"] = 5,
        ["seis"] = 6,
        ["siete"] = 7,
        ["ocho"] = 8,
        ["nueve"] = 9,
    };

    private static readonly Dictionary<string, int> Teens = new(StringComparer.Ordinal)
    {
        ["ten"] = 10,
        ["eleven"] = 11,
        ["twelve"] = 12,
        ["thirteen"] = 13,
        ["fourteen"] = 14,
        ["fifteen"] = 15,
        ["sixteen"] = 16,
        ["seventeen"] = 17,
        ["eighteen"] = 18,
        ["nineteen"] = 19,
        ["diez"] = 10,
        ["once"] = 11,
        ["doce"] = 12,
        ["trece"] = 13,
        ["catorce"] = 14,
        ["quince"] = 15,
    };

    private static readonly Dictionary<string, int> Tens = new(StringComparer.Ordinal)
    {
        ["twenty"] = 20,
        ["thirty"] = 30,
        ["forty"] = 40,
        ["fifty"] = 50,
        ["sixty"] = 60,
        ["seventy"] = 70,
        ["eighty"] = 80,
        ["ninety"] = 90,
        ["veinte"] = 20,
        ["treinta"] = 30,
        ["cuarenta"] = 40,
        ["cincuenta"] = 50,
        ["sesenta"] = 60,
        ["setenta"] = 70,
        ["ochenta"] = 80,
        ["noventa"] = 90,
    };

    private static readonly Dictionary<string, int> Repeats = new(StringComparer.Ordinal) { ["double"] = 2, ["triple"] = 3 };

    /// <summary>The digits that a word, or a few of them, stand for, as somebody reads out a phone number; null when they do not begin with a number.</summary>
    public static (string Digits, int Next)? Read(IReadOnlyList<Word> words, int index)
    {
        var word = words[index];
        if (word.IsNumber)
            return (word.Text, index + 1);
        if (Repeats.TryGetValue(word.Text, out var times) && index + 1 < words.Count && Single(words[index + 1]) is { } repeated)
            return (string.Concat(Enumerable.Repeat(repeated, times)), index + 2);
        if (Units.TryGetValue(word.Text, out var unit))
            return index + 1 < words.Count && words[index + 1].Text == "hundred" ? (Text(unit) + "00", index + 2) : (Text(unit), index + 1);
        if (Teens.TryGetValue(word.Text, out var teen))
            return (Text(teen), index + 1);
        if (Tens.TryGetValue(word.Text, out var ten))
            return index + 1 < words.Count && Units.TryGetValue(words[index + 1].Text, out var rest) && rest > 0
                ? (Text(ten + rest), index + 2)
                : (Text(ten), index + 1);
        return null;
    }

    /// <summary>A house number: "twelve forty two", "four hundred and five", "one one nine"; null when there is none of up to six digits.</summary>
    public static (string Number, int Next)? ReadHouse(IReadOnlyList<Word> words, int index)
    {
        if (words[index].IsNumber)
            return words[index].Text.Length <= 6 && words[index].Text[0] != '0' ? (words[index].Text, index + 1) : null;

        var digits = new StringBuilder();
        var next = index;
        while (next < words.Count && !words[next].IsNumber && Read(words, next) is { } read)
        {
            // "Four hundred five" is 405, not 4005.
            if (digits.Length > 2 && digits[^1] == '0' && digits[^2] == '0' && next >= 1 && words[next - 1].Text is "hundred" or "and")
                digits.Length -= read.Digits.Length;
            digits.Append(read.Digits);
            next = read.Next;
            if (next + 1 < words.Count && words[next - 1].Text == "hundred" && words[next].Text == "and")
                next++;
        }
        return digits.Length is > 0 and <= 6 && digits[0] != '0' ? (digits.ToString(), next) : null;
    }

    private static string? Single(Word word) =>
        word is { IsNumber: true, Text.Length: 1 } ? word.Text : Units.TryGetValue(word.Text, out var unit) ? Text(unit) : null;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
