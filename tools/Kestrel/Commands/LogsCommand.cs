using System.CommandLine;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Up;

namespace KestrelVoice.Cli.Commands;

internal static class LogsCommand
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public static Command Create()
    {
        var part = new Argument<string?>("app")
        {
            Description = "host, voice, dapr, postgres or up; all of them when left out.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        part.AcceptOnlyFromAmong("host", "voice", "dapr", "postgres", "up");
        part.CompletionSources.Add("host", "voice", "dapr", "postgres", "up");
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on showing what is added, until Ctrl-C." };
        var lines = new Option<int>("--lines", "-n") { Description = "How many lines of the past to show, of each.", DefaultValueFactory = _ => 50, HelpName = "N" };
        var command = new Command("logs", "Show what the parts say, now or of the last run.") { part, follow, lines };
        command.Run((parsed, context) => RunAsync(context, parsed.GetValue(part), parsed.GetValue(follow), parsed.GetValue(lines)));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, string? only, bool follow, int count)
    {
        var files = Files(context.Home).Where(file => only is null || file.Part == only).ToList();
        if (!follow && !files.Exists(file => File.Exists(file.Path)))
            throw new KestrelException("There are no logs yet. ./kestrel up starts everything.");

        var terminal = context.Terminal;
        void Show(string part, string line) => Print(terminal, only is null ? part : null, line);
        var followers = new List<LogFollower>();
        foreach (var (part, path) in files)
        {
            var follower = new LogFollower(path, line => Show(part, line));
            follower.SkipExisting();
            followers.Add(follower);
            foreach (var line in LogTail.Lines(path, count))
                Show(part, line);
        }

        try
        {
            while (follow && !context.Stop.Orderly.IsCancellationRequested)
            {
                foreach (var follower in followers)
                    await follower.PumpAsync(context.Stop.Orderly);
                await Task.Delay(Look, context.Stop.Orderly);
            }
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
        finally
        {
            followers.ForEach(follower => follower.Dispose());
        }

        return 0;
    }

    private static IEnumerable<(string Part, string Path)> Files(KestrelHome home) =>
    [
        ("up", home.LogOf("up")),
        ("postgres", Path.Combine(home.Postgres, "server.log")),
        ("dapr", home.LogOf("dapr")),
        ("host", home.LogOf("host")),
        ("voice", home.LogOf("voice")),
    ];

    private static void Print(Terminal terminal, string? part, string line)
    {
        if (part is null)
            terminal.Line(line);
        else
            terminal.Markup($"[grey]{part,-8} |[/] {line}");
    }
}
