using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Postgres;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Up;

/// <summary>Clears away what a run left behind whose supervisor was killed. The caller holds the <see cref="RunLock"/>.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    /// <returns>How many processes had to be stopped.</returns>
    public static async Task<int> ClearAsync(KestrelHome home, CancellationToken cancellationToken)
    {
        File.Delete(home.DevFile);
        var record = RunRecord.Read(home);
        var stopped = record is null ? 0 : await StopAsync(record, cancellationToken);
        if (Directory.Exists(home.Postgres) && await PostgresCluster.StopLeftoverAsync(home.Postgres, cancellationToken))
            stopped++;
        RunRecord.Delete(home);
        return stopped;
    }

    /// <summary>Processes of a run that still live, whatever became of their parents.</summary>
    public static IReadOnlyList<ProcessIdentity> Living(RunRecord record) =>
        [.. record.Started
            .Concat(record.DaprChild is { } child ? [child] : [])
            .Concat(record.Parts.Select(part => part.Process).OfType<ProcessIdentity>())
            .Where(process => process.IsAlive)
            .Concat(Descendants.Marked(Descendants.Mark, record.RunId))
            .Where(process => process.Pid != Environment.ProcessId)
            .Distinct()];

    /// <summary>Stops all of them but the database server.</summary>
    /// <returns>How many there were.</returns>
    public static async Task<int> StopAsync(RunRecord record, CancellationToken cancellationToken)
    {
        var database = record.Parts.FirstOrDefault(part => part.Health is null)?.Process;
        IReadOnlyList<ProcessIdentity> OthersThanDatabase() => [.. Living(record).Where(process => !IsOf(database, process))];

        var found = OthersThanDatabase().Count;
        if (found == 0)
            return 0;

        // The sidecar process first: it drains its apps. What is left then is asked, and finally made to go.
        if (record.DaprChild is { } child)
        {
            Signals.AskToStop(child);
            await UntilAsync(() => !child.IsAlive, cancellationToken);
        }

        foreach (var process in OthersThanDatabase())
            Signals.AskToStop(process);
        if (!await UntilAsync(() => OthersThanDatabase().Count == 0, cancellationToken))
        {
            foreach (var process in OthersThanDatabase())
                Signals.Kill(process);
            await UntilAsync(() => OthersThanDatabase().Count == 0, cancellationToken);
        }

        return found;
    }

    /// <summary>The server or one of its workers: they are stopped by the server's own means.</summary>
    private static bool IsOf(ProcessIdentity? database, ProcessIdentity process) =>
        database is not null
        && (process == database || (OperatingSystem.IsLinux() && LinuxStat.Read(process.Pid)?.ParentPid == database.Pid));

    private static async Task<bool> UntilAsync(Func<bool> done, CancellationToken cancellationToken)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!done())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                return false;
            await Task.Delay(Look, cancellationToken);
        }

        return true;
    }
}
