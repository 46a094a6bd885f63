using System.Globalization;
using KestrelVoice.Cli.Output;

namespace KestrelVoice.Cli.Testing;

/// <summary>Tells which assemblies run, that they still do, and how they ended.</summary>
internal sealed class RunningTests(Terminal terminal)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> began = new(StringComparer.Ordinal);

    public async Task<TestAssembly.Outcome> TrackAsync(TestAssembly assembly, Func<Task<TestAssembly.Outcome>> run)
    {
        lock (gate)
            began[assembly.Name] = TimeProvider.System.GetTimestamp();
        try
        {
            var outcome = await run();
            Show(assembly, outcome);
            return outcome;
        }
        finally
        {
            lock (gate)
                began.Remove(assembly.Name);
        }
    }

    public void Add(ref TestCounts total, TestCounts counts)
    {
        lock (gate)
            total += counts;
    }

    public async Task BeatAsync(TimeSpan between, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(between);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                lock (gate)
                    terminal.Line($"  ... running: {string.Join(", ", began.Select(each => $"{each.Key} ({Seconds(each.Value)})"))}");
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }
    }

    private void Show(TestAssembly assembly, TestAssembly.Outcome outcome)
    {
        lock (gate)
        {
            var time = Seconds(began[assembly.Name]);
            if (outcome.Counts == default)
                return;
            if (outcome.Counts.Failed == 0)
                terminal.Markup($"[green]✓[/] {assembly.Name}: {outcome.Counts} [grey]({time})[/]");
            else
                terminal.Markup($"[red]✗[/] {assembly.Name}: {outcome.Counts} [grey]({time})[/]");
            foreach (var problem in outcome.Problems)
            {
                terminal.Line();
                terminal.Line(problem);
            }

            if (outcome.Problems.Count > 0)
                terminal.Line();
        }
    }

    private static string Seconds(long began) =>
        TimeProvider.System.GetElapsedTime(began).TotalSeconds.ToString("0", CultureInfo.InvariantCulture) + " s";
}
