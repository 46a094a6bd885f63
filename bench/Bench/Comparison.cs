using Spectre.Console;

namespace KestrelVoice.Bench;

/// <summary>Something that is measured: a name, and how to send it one request.</summary>
internal sealed record Subject(string Name, Func<HttpRequestMessage> Request);

/// <summary>Measures subjects side by side. Machines drift, so rounds interleave and only ratios within a round are compared.</summary>
internal static class Comparison
{
    /// <param name="baseline">What the ratio column is relative to.</param>
    /// <param name="others">The rest.</param>
    /// <param name="connections">How many requests are under way at once.</param>
    /// <param name="rounds">At least five, or one noisy round decides.</param>
    /// <param name="length">Of each subject's turn in a round.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    public static async Task RunAsync(Subject baseline, IReadOnlyList<Subject> others, int connections, int rounds, TimeSpan length, CancellationToken cancellationToken)
    {
        var subjects = new[] { baseline }.Concat(others).ToArray();
        var measured = subjects.ToDictionary(subject => subject.Name, _ => new List<Round>(), StringComparer.Ordinal);
        foreach (var subject in subjects)
            await Load.RunAsync(subject.Request, connections, length, cancellationToken);
        for (var round = 0; round < rounds; round++)
        {
            AnsiConsole.MarkupLine($"[grey]{connections} connections, round {round + 1} of {rounds}[/]");
            foreach (var subject in subjects)
                measured[subject.Name].Add(await Load.RunAsync(subject.Request, connections, length, cancellationToken));
        }

        var table = new Table().Title($"{connections} connections, median of {rounds} rounds")
            .AddColumns("subject", "requests/s", "of bare", "min..max", "p50 ms", "p99 ms", "failures");
        foreach (var subject in subjects)
        {
            var own = measured[subject.Name];
            var ratios = own.Select((round, index) => round.RequestsPerSecond / measured[baseline.Name][index].RequestsPerSecond).ToArray();
            table.AddRow(
                subject.Name,
                FormattableString.Invariant($"{Load.Median(own.Select(round => round.RequestsPerSecond)):F0}"),
                FormattableString.Invariant($"{Load.Median(ratios):F2}"),
                FormattableString.Invariant($"{ratios.Min():F2}..{ratios.Max():F2}"),
                FormattableString.Invariant($"{Load.Median(own.Select(round => round.P50Milliseconds)):F2}"),
                FormattableString.Invariant($"{Load.Median(own.Select(round => round.P99Milliseconds)):F2}"),
                FormattableString.Invariant($"{own.Sum(round => round.Failures)}"));
        }
        AnsiConsole.Write(table);
    }
}
