using System.CommandLine;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Processes;
using KestrelVoice.Cli.Up;

namespace KestrelVoice.Cli.Commands;

internal static class DownCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public static Command Create()
    {
        var command = new Command("down", "Stop everything that 'up' started, also what a killed one left behind. Data stays.");
        command.Run((_, context) => RunAsync(context));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context)
    {
        var (home, terminal, stop) = (context.Home, context.Terminal, context.Stop.Orderly);
        if (!Directory.Exists(home.Run))
        {
            terminal.Line("Nothing is up.");
            return 0;
        }

        var running = RunRecord.Read(home);
        var wasUp = await RunLock.IsHeldAsync(home, stop);
        var steps = new Steps(terminal, TimeProvider.System);
        if (wasUp)
            await steps.RunAsync("Stopping KestrelVoice", step => StopSupervisorAsync(home, step, stop), stop);

        using var held = await RunLock.TryTakeAsync(home, stop)
            ?? throw new KestrelException($"Another kestrel command is at work on {KestrelHome.Shown(home.State)}.");
        var cleared = await Leftovers.ClearAsync(home, stop);
        if (cleared > 0)
            terminal.Markup($"[yellow]![/] {cleared} process(es) of a killed run are stopped.");
        if (running is not null && Leftovers.Living(running) is { Count: > 0 } left)
            throw new KestrelException($"Still there: process {string.Join(", ", left.Select(process => process.Pid))}. Please end them by hand.");
        terminal.Line(wasUp || cleared > 0 ? "Down. No process is left; your data stays." : "Nothing is up.");
        return 0;
    }

    private static async Task StopSupervisorAsync(KestrelHome home, Steps.Step step, CancellationToken stop)
    {
        var supervisor = RunRecord.Read(home)?.Supervisor;
        if (supervisor is null)
            throw new KestrelException($"Another kestrel command is at work on {KestrelHome.Shown(home.State)}.");
        if (OperatingSystem.IsWindows())
            Signals.Kill(supervisor);
        else
            Signals.AskToStop(supervisor);

        var began = TimeProvider.System.GetTimestamp();
        while (supervisor.IsAlive && await RunLock.IsHeldAsync(home, stop))
        {
            step.Now = $"waiting for process {supervisor.Pid}";
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
            {
                Signals.Kill(supervisor);
                step.Outcome = "it did not leave in time and was killed";
            }

            await Task.Delay(Look, stop);
        }
    }
}
