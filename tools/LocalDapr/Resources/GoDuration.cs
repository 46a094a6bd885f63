using System.Globalization;
using System.Text.RegularExpressions;

namespace KestrelVoice.LocalDapr.Resources;

/// <summary>Durations as Dapr's files write them: <c>1h2m3.5s</c>; a bare number counts milliseconds.</summary>
internal static partial class GoDuration
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var milliseconds))
        {
            duration = TimeSpan.FromMilliseconds(milliseconds);
            return true;
        }
        var match = Parts().Match(text);
        if (!match.Success)
            return false;
        double total = 0;
        for (var i = 0; i < match.Groups[2].Captures.Count; i++)
        {
            var amount = double.Parse(match.Groups[2].Captures[i].ValueSpan, CultureInfo.InvariantCulture);
            total += amount * Milliseconds(match.Groups[3].Captures[i].Value);
        }
        duration = TimeSpan.FromMilliseconds(match.Groups[1].Length > 0 ? -total : total);
        return true;
    }

    private static double Milliseconds(string unit) => unit switch
    {
        "h" => 3_600_000,
        "m" => 60_000,
        "s" => 1_000,
        "ms" => 1,
        "us" or "µs" => 1e-3,
        _ => 1e-6,
    };

    [GeneratedRegex(@"^(-)?(?:(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|ns))+$", RegexOptions.CultureInvariant)]
    private static partial Regex Parts();
}
