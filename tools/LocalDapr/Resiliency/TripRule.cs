using System.Globalization;
using System.Text.RegularExpressions;

namespace KestrelVoice.LocalDapr.Resiliency;

/// <summary>What a circuit breaker has counted since it last changed its mind.</summary>
internal readonly record struct BreakerCounts(int Requests, int TotalSuccesses, int TotalFailures, int ConsecutiveSuccesses, int ConsecutiveFailures);

/// <summary>A <c>trip</c> expression: comparisons of counts with numbers, joined by <c>&amp;&amp;</c> and <c>||</c>.</summary>
internal sealed partial class TripRule
{
    private readonly Comparison[][] _anyOfAll;

    private TripRule(Comparison[][] anyOfAll) => _anyOfAll = anyOfAll;

    public static TripRule Default { get; } = TryParse("consecutiveFailures > 5")!;

    public static TripRule? TryParse(string text)
    {
        var alternatives = text.Split("||").Select(part => part.Split("&&").Select(Parse).ToArray()).ToArray();
        return alternatives.All(all => all.All(comparison => comparison is not null)) ? new TripRule(alternatives!) : null;
    }

    public bool Trips(BreakerCounts counts) => _anyOfAll.Any(all => all.All(comparison => comparison.Holds(counts)));

    private static Comparison? Parse(string text)
    {
        var match = Shape().Match(text);
        return match.Success
            ? new Comparison(match.Groups[1].Value, match.Groups[2].Value, int.Parse(match.Groups[3].ValueSpan, CultureInfo.InvariantCulture))
            : null;
    }

    private sealed record Comparison(string Count, string Operator, int Limit)
    {
        public bool Holds(BreakerCounts counts)
        {
            var value = Count switch
            {
                "requests" => counts.Requests,
                "totalSuccesses" => counts.TotalSuccesses,
                "totalFailures" => counts.TotalFailures,
                "consecutiveSuccesses" => counts.ConsecutiveSuccesses,
                _ => counts.ConsecutiveFailures,
            };
            return Operator switch
            {
                ">" => value > Limit,
                ">=" => value >= Limit,
                "<" => value < Limit,
                "<=" => value <= Limit,
                "==" => value == Limit,
                _ => value != Limit,
            };
        }
    }

    [GeneratedRegex(@"^\s*(requests|totalSuccesses|totalFailures|consecutiveSuccesses|consecutiveFailures)\s*(>=|<=|==|!=|>|<)\s*(\d{1,9})\s*$")]
    private static partial Regex Shape();
}
