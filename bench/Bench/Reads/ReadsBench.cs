namespace KestrelVoice.Bench.Reads;

/// <summary>The figures of the reads: how close they are to the least possible, how far ahead of others, and whether more calls make them dearer.</summary>
internal static class ReadsBench
{
    public const string Compare = "compare";
    public const string Grow = "grow";
    public const string Ingest = "ingest";

    public static async Task RunAsync(
        IReadOnlyList<long> sizes, IReadOnlyList<int> connections, int rounds, double seconds, IReadOnlyList<string> parts, CancellationToken cancellationToken)
    {
        await using var load = LoadProcess.Start();
        var schedules = connections.Select(count => new Turns(load, count, rounds, seconds)).ToArray();
        await using var few = await SeededStack.StartAsync(sizes[0], cancellationToken);
        if (parts.Contains(Compare))
            await Comparisons.RunAsync(few, schedules, cancellationToken);
        foreach (var size in sizes.Skip(1))
        {
            await using var many = await SeededStack.StartAsync(size, cancellationToken);
            if (parts.Contains(Compare) && size == sizes[^1])
                await Comparisons.RunAsync(many, schedules, cancellationToken);
            if (parts.Contains(Grow))
                await Growth.RunAsync(few, many, schedules, cancellationToken);
            if (parts.Contains(Ingest))
                await Ingestion.RunAsync(few, many, connections[0], rounds, cancellationToken);
        }
    }
}
