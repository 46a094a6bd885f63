using System.Diagnostics;
using System.Globalization;
using KestrelVoice.Cli.Commands;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Up;

/// <summary>Starts the supervisor as a process of its own, shows how it gets on, and leaves when it is up.</summary>
internal sealed class DetachedStart(KestrelHome home, UpOptions options, Terminal terminal)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    private string Log => home.LogOf("up");

    public async Task<int> RunAsync(CancellationToken stop)
    {
        home.Create();
        if (await RunLock.IsHeldAsync(home, stop))
            return Supervisor.RefuseSecond(home, terminal);

        if (File.Exists(Log))
            File.Move(Log, $"{Log}.1", overwrite: true);
        await using (new FileStream(Log, PrivateFile.Creation(FileMode.Create)))
        {
        }

        using var supervisor = Start();
        using var shown = new LogFollower(Log, Show);
        var began = TimeProvider.System.GetTimestamp();
        while (!supervisor.HasExited && !IsReady(supervisor))
        {
            if (stop.IsCancellationRequested || TimeProvider.System.GetElapsedTime(began) > Patience)
                await StopAsync(supervisor);
            else
                await Task.WhenAny(supervisor.WaitForExitAsync(stop), Task.Delay(Look, stop));
            await shown.PumpAsync(CancellationToken.None);
        }

        await shown.PumpAsync(CancellationToken.None);
        if (supervisor.HasExited)
            return supervisor.ExitCode;
        Banner.Show(terminal, DevFile.Read(home)!, home, foreground: false);
        return 0;
    }

    private bool IsReady(Process supervisor) =>
        RunRecord.Read(home) is { State: RunState.Ready } record && record.Supervisor.Pid == supervisor.Id && File.Exists(home.DevFile);

    private static async Task StopAsync(Process supervisor)
    {
        if (OperatingSystem.IsWindows() || ProcessIdentity.Of(supervisor.Id) is not { } identity)
            supervisor.Kill(entireProcessTree: true);
        else
            Signals.AskToStop(identity);
        await supervisor.WaitForExitAsync(CancellationToken.None);
    }

    private Process Start()
    {
        List<string> command =
        [
            "dotnet", typeof(DetachedStart).Assembly.Location, "--home", Path.GetDirectoryName(home.State)!, "up", UpCommand.SuperviseOption,
            "--port-base", options.PortBase.ToString(CultureInfo.InvariantCulture),
        ];
        if (options.Dapr is { } dapr)
            command.AddRange(["--dapr", dapr.ToString()]);
        if (options.DemoData)
            command.Add("--demo-data");
        if (!options.Build)
            command.Add("--no-build");

        // The shell redirects to the file and then becomes the program, so that nothing of this terminal is held open.
        ProcessStartInfo start = OperatingSystem.IsWindows()
            ? new("cmd.exe", ["/d", "/c", string.Join(' ', command.Select(word => $"\"{word}\"")) + " > \"%KESTREL_UP_LOG%\" 2>&1 < nul"]) { CreateNoWindow = true }
            : new("/bin/sh", ["-c", "exec \"$@\" >>\"$KESTREL_UP_LOG\" 2>&1 </dev/null", "sh", .. command]);
        start.Environment["KESTREL_UP_LOG"] = Log;
        return Process.Start(start)!;
    }

    private void Show(string line)
    {
        // The background process writes plain text; its marks get their colours back here.
        if (line.StartsWith('✓'))
            terminal.Markup($"[green]✓[/]{line[1..]}");
        else if (line.StartsWith('✗'))
            terminal.Markup($"[red]✗[/]{line[1..]}");
        else
            terminal.Line(line);
    }
}
