using System.CommandLine;
using System.Globalization;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;
using KestrelVoice.Cli.Up;
using Spectre.Console;

namespace KestrelVoice.Cli.Commands;

internal static class StatusCommand
{
    private const int NotUp = 3;

    public static Command Create()
    {
        var command = new Command("status", "Show each part, its process, where it listens and how it is. Exit code: 0 all well, 1 not all, 3 not up.");
        command.Run((_, context) => RunAsync(context));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context)
    {
        var (home, terminal, stop) = (context.Home, context.Terminal, context.Stop.Orderly);
        var record = RunRecord.Read(home);
        if (record is null || !await RunLock.IsHeldAsync(home, stop))
        {
            terminal.Line(record is not null && Leftovers.Living(record).Count > 0
                ? "Not up: an earlier run was killed and left processes behind. ./kestrel down clears them away."
                : "Not up. ./kestrel up starts it.");
            return NotUp;
        }

        var below = await Descendants.BelowAsync(record.Supervisor.Pid, stop);
        var table = new Table().Border(terminal.IsPlain ? TableBorder.None : TableBorder.Rounded)
            .AddColumns("Part", "Process", "Address", "Health");
        using var readiness = new Readiness();
        var allWell = record.State == RunState.Ready;
        foreach (var part in RunParts.WithProcesses(record.Parts, below))
        {
            var why = await AskAsync(part, readiness, stop);
            allWell &= why is null;
            table.AddRow(
                new Text(part.Name),
                new Text(part.Process is { IsAlive: true } process ? process.Pid.ToString(CultureInfo.InvariantCulture) : "-"),
                new Text(part.Url),
                new Text(why ?? "healthy", why is null ? new Style(Color.Green) : new Style(Color.Red)));
        }

        var state = record.State.ToString().ToLowerInvariant();
        terminal.Markup($"KestrelVoice is [bold]{state}[/] (supervisor {record.Supervisor.Pid}, sidecars by {(record.Dapr == "cli" ? "the Dapr CLI" : "LocalDapr")})");
        terminal.Console.Write(table);
        return allWell ? 0 : 1;
    }

    private static async Task<string?> AskAsync(RunPart part, Readiness readiness, CancellationToken cancellationToken)
    {
        if (part.Health is not null)
            return await readiness.AskAsync(part.Health, cancellationToken);
        var separator = part.Url.LastIndexOf(':');
        using var client = new System.Net.Sockets.TcpClient();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(3));
        try
        {
            await client.ConnectAsync(part.Url[..separator], int.Parse(part.Url[(separator + 1)..], CultureInfo.InvariantCulture), deadline.Token);
            return null;
        }
        catch (Exception problem) when (problem is System.Net.Sockets.SocketException || !cancellationToken.IsCancellationRequested)
        {
            return "not reachable";
        }
    }
}
