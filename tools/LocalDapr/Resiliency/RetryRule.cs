using System.Globalization;
using KestrelVoice.LocalDapr.Resources;

namespace KestrelVoice.LocalDapr.Resiliency;

/// <summary>When a failed attempt is repeated, and after which pause.</summary>
internal sealed record RetryRule(bool Exponential, TimeSpan Duration, TimeSpan MaxInterval, int MaxRetries, IReadOnlyList<(int From, int To)> HttpStatusCodes)
{
    private const double Multiplier = 1.5;
    private const double Spread = 0.5;
    private static readonly TimeSpan s_firstInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_exponentialGivesUp = TimeSpan.FromMinutes(15);

    public static RetryRule Read(YamlMap map, string name)
    {
        var policy = map.Text("policy") ?? "constant";
        if (policy is not ("constant" or "exponential"))
            throw map.Refuse($"retry '{name}': policy must be constant or exponential, not '{policy}'");
        return new RetryRule(
            policy == "exponential",
            map.Duration("duration") ?? TimeSpan.FromSeconds(5),
            map.Duration("maxInterval") ?? TimeSpan.FromSeconds(60),
            map.Number("maxRetries") ?? -1,
            Codes(map.Map("matching"), name));
    }

    /// <summary>A failure without a status code (a broken connection, a RETRY reply) always counts.</summary>
    public bool Covers(int? statusCode) =>
        statusCode is not { } code || HttpStatusCodes.Count == 0 || HttpStatusCodes.Any(range => code >= range.From && code <= range.To);

    /// <summary>The pauses of one operation, in turn; null ends it.</summary>
    public Func<TimeSpan?> Pauses(TimeProvider clock, Func<double> random)
    {
        var (retries, started, interval) = (0, clock.GetTimestamp(), s_firstInterval);
        return () =>
        {
            if (MaxRetries >= 0 && retries++ >= MaxRetries)
                return null;
            if (!Exponential)
                return Duration;
            var pause = interval * (1 - Spread + (2 * Spread * random()));
            interval = TimeSpan.FromTicks(Math.Min(MaxInterval.Ticks, (long)(interval.Ticks * Multiplier)));
            return clock.GetElapsedTime(started) + pause > s_exponentialGivesUp ? null : pause;
        };
    }

    private static (int From, int To)[] Codes(YamlMap? matching, string name)
    {
        if (matching?.Text("httpStatusCodes") is not { Length: > 0 } text)
            return [];
        return [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Range)];

        (int, int) Range(string part)
        {
            var ends = part.Split('-');
            if (ends.Length <= 2 && Code(ends[0]) is { } from && Code(ends[^1]) is { } to && from <= to)
                return (from, to);
            throw matching.Refuse($"retry '{name}': httpStatusCodes has '{part}', which is neither a code nor a range of codes");
        }
    }

    private static int? Code(string text) =>
        int.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code is >= 100 and <= 599 ? code : null;
}
