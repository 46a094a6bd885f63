using System.CommandLine;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Postgres;
using KestrelVoice.Cli.Up;
using Spectre.Console;

namespace KestrelVoice.Cli.Commands;

internal static class ResetCommand
{
    public static Command Create()
    {
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };
        var command = new Command("reset", "Drop all local data: database, call state, recordings, logs and secrets. Asks first; refuses while up.") { yes };
        command.Run((parsed, context) => RunAsync(context, parsed.GetValue(yes)));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, bool yes)
    {
        var (home, terminal, stop) = (context.Home, context.Terminal, context.Stop.Orderly);
        if (!Directory.Exists(home.State))
        {
            terminal.Line("There is no local data.");
            return 0;
        }

        using (var held = Directory.Exists(home.Run) ? await RunLock.TryTakeAsync(home, stop) : null)
        {
            if (held is null && Directory.Exists(home.Run))
                throw new KestrelException("KestrelVoice is up. Stop it first: ./kestrel down");
            if (!yes && !Confirmed(context))
                return 1;
            if (held is not null)
                await Leftovers.ClearAsync(home, stop);
            ClusterFolder.Delete(home.Postgres);
            Directory.Delete(home.State, recursive: true);
        }

        terminal.Line($"{KestrelHome.Shown(home.State)} is gone. ./kestrel up starts afresh.");
        return 0;
    }

    private static bool Confirmed(CommandContext context)
    {
        if (System.Console.IsInputRedirected || context.Terminal.IsPlain)
            throw new KestrelException("Nobody is here to ask. To drop all local data without asking: ./kestrel reset --yes");
        return context.Terminal.Console.Confirm($"Drop everything in {Markup.Escape(KestrelHome.Shown(context.Home.State))}?", defaultValue: false);
    }
}
