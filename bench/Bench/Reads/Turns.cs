using System.Globalization;

namespace KestrelVoice.Bench.Reads;

/// <summary>One probe's turn in one round; processor time in microseconds a request.</summary>
internal sealed record Turn(double RequestsPerSecond, double P50Milliseconds, double P99Milliseconds, double ServerMicroseconds, double DatabaseMicroseconds, int Failures)
{
    public double MillisecondsARequest => 1000 / RequestsPerSecond;

    public double Microseconds => ServerMicroseconds + DatabaseMicroseconds;
}

/// <summary>Probes take turns within a round; machines drift, so only turns of one round are compared.</summary>
internal sealed class Turns(LoadProcess load, int connections, int rounds, double seconds)
{
    // Seconds until what runs often is compiled as well as it ever will be.
    private const double Warming = 3;

    public int Connections => connections;

    public async Task<IReadOnlyDictionary<Probe, Turn[]>> TakeAsync(IReadOnlyList<Probe> probes, CancellationToken cancellationToken)
    {
        foreach (var probe in probes)
            await TakeAsync(probe, Math.Max(seconds, Warming), cancellationToken);
        var turns = probes.ToDictionary(probe => probe, _ => new Turn[rounds]);
        for (var round = 0; round < rounds; round++)
        {
            await Console.Error.WriteLineAsync($"{connections} connections, round {round + 1} of {rounds}");
            foreach (var probe in probes)
                turns[probe][round] = await TakeAsync(probe, seconds, cancellationToken);
        }
        return turns;
    }

    private async Task<Turn> TakeAsync(Probe probe, double length, CancellationToken cancellationToken)
    {
        var before = ProcessorTime.Now();
        var result = await load.SendAsync(new LoadOrder(probe.Urls[0].Port, probe.Requests, probe.Status, connections, length), cancellationToken);
        var after = ProcessorTime.Now();
        return new Turn(
            result.Answers / result.Seconds, result.P50Milliseconds, result.P99Milliseconds, Microseconds(probe.Server), Microseconds(probe.Database), result.Failures);

        double Microseconds(int process) => (after.OfTree(process) - before.OfTree(process)) * 1e6 / result.Answers;
    }
}

/// <summary>The median of the rounds' own ratios, which is not the ratio of two medians.</summary>
internal readonly record struct Ratio(double Median, double Least, double Most)
{
    public static Ratio Of(IReadOnlyList<Turn> one, IReadOnlyList<Turn> other, Func<Turn, double> measure)
    {
        var ratios = one.Zip(other, (first, second) => measure(first) / measure(second)).ToArray();
        return new Ratio(Load.Median(ratios), ratios.Min(), ratios.Max());
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Median:F2} ({Least:F2}..{Most:F2})");
}

/// <summary>What a ratio should be.</summary>
internal readonly record struct Target(double Bound, bool OrMore)
{
    public static Target AtLeast(double bound) => new(bound, OrMore: true);

    public static Target AtMost(double bound) => new(bound, OrMore: false);

    public string Verdict(Ratio ratio, params IEnumerable<Turn[]> turns) =>
        turns.Any(own => own.Any(turn => turn.Failures > 0)) ? "failures"
        : (OrMore ? ratio.Median >= Bound : ratio.Median <= Bound) ? "met" : "missed";

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(OrMore ? "at least" : "at most")} {Bound:0.##}");
}
