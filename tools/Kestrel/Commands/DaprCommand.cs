using System.CommandLine;
using KestrelVoice.Cli.Processes;
using KestrelVoice.LocalDapr;

namespace KestrelVoice.Cli.Commands;

internal static class DaprCommand
{
    /// <summary>Says where the messages and states are kept; <c>up</c> names its own folder.</summary>
    internal const string DataOption = "--data";

    /// <summary>Set by <c>up</c>, so that Ctrl-C at the terminal reaches only the supervisor.</summary>
    internal const string OwnSessionOption = "--own-session";

    private const string StateFile = "local-dapr.db";

    public static Command Create() => new("dapr", "Serve Dapr sidecars without Dapr: LocalDapr, for one machine.") { CreateRun() };

    private static Command CreateRun()
    {
        var file = new Option<string>("--run-file", "-f") { Description = "A dapr.yaml, or the folder that holds one.", Required = true, HelpName = "FILE" };
        var data = new Option<string?>(DataOption)
        {
            Description = "Where messages and states are kept between runs. Default: .dapr/local beside the file.",
            HelpName = "DIR",
        };
        var ownSession = new Option<bool>(OwnSessionOption) { Hidden = true };
        var run = new Command(
            "run",
            "Start the apps of a dapr.yaml, each with a sidecar, as 'dapr run -f' does. An app without a command gets a sidecar only. Ctrl-C drains and stops.")
        {
            file, data, ownSession,
        };

        // LocalDapr answers the signals itself; a second handler here would end the process before it has drained.
        run.SetAction((parsed, cancellationToken) =>
        {
            if (parsed.GetValue(ownSession))
                Signals.BecomeSessionLeader();
            var runFile = Path.GetFullPath(parsed.GetValue(file)!);
            var folder = Directory.Exists(runFile) ? runFile : Path.GetDirectoryName(runFile)!;
            var kept = parsed.GetValue(data) is { } chosen ? Path.GetFullPath(chosen) : Path.Combine(folder, ".dapr", "local");
            return LocalDaprRun.RunAsync(new LocalDaprOptions(runFile, Path.Combine(kept, StateFile)), System.Console.Out, cancellationToken);
        });
        return run;
    }
}
