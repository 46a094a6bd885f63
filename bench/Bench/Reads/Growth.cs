using System.Globalization;

namespace KestrelVoice.Bench.Reads;

/// <summary>What every read costs with many calls, beside the same read with few; two stacks, taking turns.</summary>
internal static class Growth
{
    private static readonly Target Flat = Target.AtMost(1.1);

    public static async Task RunAsync(SeededStack few, SeededStack many, IReadOnlyList<Turns> schedules, CancellationToken cancellationToken)
    {
        var pairs = (await Catalogue.OfAsync(few, cancellationToken)).Zip(await Catalogue.OfAsync(many, cancellationToken)).ToArray();
        foreach (var schedule in schedules)
        {
            var turns = await schedule.TakeAsync(
                [.. pairs.Where(pair => pair.First.Found is not null && pair.Second.Found is not null).SelectMany(pair => new[] { pair.First.Found!, pair.Second.Found! })],
                cancellationToken);
            var report = Table($"Reads at {few.Size} and at {many.Size} calls, {schedule.Connections} connections", few, many);
            foreach (var (first, second) in pairs)
            {
                if (first.Found is { } small && second.Found is { } large)
                    Add(report, first.Name, turns[small], turns[large]);
                else
                    report.Add(first.Name, first.Found is null ? first.Absent : second.Absent, "", "", "", "", "", "missed", "", "missed", "");
            }
            await report.WriteAsync();
        }
    }

    public static Report Table(string title, SeededStack few, SeededStack many, string unit = "requests") => new(
        Console.Out, title, "", $"{unit}/s, {few.Size} / {many.Size}", "p50 ms", "p99 ms", "server CPU µs", "PostgreSQL CPU µs",
        "time, times", $"{Flat}", "CPU, times", $"{Flat}", "failures");

    public static void Add(Report report, string name, Turn[] few, Turn[] many)
    {
        var time = Ratio.Of(many, few, turn => turn.MillisecondsARequest);
        var processor = Ratio.Of(many, few, turn => turn.Microseconds);
        report.Add(
            name, Both(turn => turn.RequestsPerSecond, "F0"), Both(turn => turn.P50Milliseconds, "F2"), Both(turn => turn.P99Milliseconds, "F2"),
            Both(turn => turn.ServerMicroseconds, "F0"), Both(turn => turn.DatabaseMicroseconds, "F0"),
            $"{time}", Flat.Verdict(time, few, many), $"{processor}", Flat.Verdict(processor, few, many),
            few.Concat(many).Sum(turn => turn.Failures).ToString(CultureInfo.InvariantCulture));

        string Both(Func<Turn, double> measure, string format) => $"{Report.Median(few, measure, format)} / {Report.Median(many, measure, format)}";
    }
}
