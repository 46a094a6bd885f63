using System.CommandLine.Parsing;
using System.Globalization;

namespace KestrelVoice.Bench.Reads;

/// <summary>Numbers of calls, as people say them: 10k, 1m.</summary>
internal static class Sizes
{
    private const long Most = 100_000_000;

    public static long[] Parse(ArgumentResult argument)
    {
        var sizes = new List<long>();
        foreach (var text in argument.Tokens.SelectMany(token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (TryParse(text, out var size))
                sizes.Add(size);
            else
                argument.AddError($"{text} is not a size in thousands, from {CallSeed.Fewest} on: 10k, 100k, 1m, 10m.");
        }
        return [.. sizes.Distinct().Order()];
    }

    public static string Text(long size) => size switch
    {
        >= 1_000_000 when size % 1_000_000 == 0 => string.Create(CultureInfo.InvariantCulture, $"{size / 1_000_000} M"),
        >= 1_000 when size % 1_000 == 0 => string.Create(CultureInfo.InvariantCulture, $"{size / 1_000} k"),
        _ => size.ToString(CultureInfo.InvariantCulture),
    };

    private static bool TryParse(string text, out long size)
    {
        var (digits, unit) = char.ToLowerInvariant(text[^1]) switch { 'k' => (text[..^1], 1_000L), 'm' => (text[..^1], 1_000_000L), _ => (text, 1L) };
        var read = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out size) && size <= Most;
        size *= unit;
        return read && size is >= CallSeed.Fewest and <= Most && size % 1_000 == 0;
    }
}
