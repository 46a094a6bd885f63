using System.Globalization;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Up;

/// <summary>Looks after a run that is up: reports what fails and recovers, and brings the database back.</summary>
internal sealed class Watch(KestrelHome home, Terminal terminal, RunRecord record, Database database, DaprChild dapr, Readiness readiness)
{
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, string> unwell = new(StringComparer.Ordinal);

    /// <returns>0 after an orderly stop, 1 when the sidecars' process died.</returns>
    public async Task<int> UntilAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            await Task.WhenAny(dapr.Exited, Task.Delay(Between, stop));
            if (stop.IsCancellationRequested)
                break;
            if (dapr.Exited.IsCompleted)
                return ReportDeath();
            try
            {
                await ReviveDatabaseAsync(stop);
                foreach (var part in record.Parts.Where(part => part.Health is not null))
                    Report(part, await readiness.AskAsync(part.Health!, stop));
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
        }

        return 0;
    }

    private int ReportDeath()
    {
        terminal.Failure(string.Create(CultureInfo.InvariantCulture, $"The process that runs the sidecars and the apps ended with exit code {dapr.ExitCode}."));
        terminal.Line($"  The end of {KestrelHome.Shown(home.LogOf("dapr"))}:");
        foreach (var line in dapr.LastWords("dapr", 25))
            terminal.Line($"  {line}");
        return 1;
    }

    private async Task ReviveDatabaseAsync(CancellationToken stop)
    {
        if (database.Cluster is not { } cluster || ProcessIdentity.Of(cluster.ProcessId) is not null)
            return;
        terminal.Markup($"[yellow]![/] PostgreSQL died; starting it again. Its log: {KestrelHome.Shown(cluster.LogFile)}");
        try
        {
            await database.ReviveAsync(stop);
            record = record with { Parts = [RunParts.Database(database), .. record.Parts.Where(part => part.Name != RunParts.Postgres)] };
            record.Write(home);
            terminal.Markup($"[green]✓[/] PostgreSQL runs again");
        }
        catch (KestrelException problem)
        {
            terminal.Failure(problem.Message);
        }
    }

    private void Report(RunPart part, string? why)
    {
        if (why is null)
        {
            if (unwell.Remove(part.Name))
                terminal.Markup($"[green]✓[/] {part.Name} is well again");
            return;
        }

        if (unwell.TryGetValue(part.Name, out var known) && known == why)
            return;
        unwell[part.Name] = why;
        terminal.Markup($"[yellow]![/] {part.Name}: {why} (./kestrel logs {part.Name})");
    }
}
