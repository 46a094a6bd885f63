using System.CommandLine;
using System.CommandLine.Help;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Output;

namespace KestrelVoice.Cli.Commands;

/// <summary>The command line as a whole.</summary>
internal static class KestrelCommand
{
    private static readonly Option<string?> HomeOption = new("--home")
    {
        Description = "Keep local data in DIR/.kestrel instead of the checkout. Also: the variable KESTREL_HOME.",
        HelpName = "DIR",
        Recursive = true,
    };

    public static async Task<int> RunAsync(string[] arguments)
    {
        var root = new RootCommand(
            """
            KestrelVoice on this machine: start it, call it, test it.

              ./kestrel up                                      start everything; Ctrl-C stops it
              ./kestrel call                                    be the caller
              ./kestrel call --script docs/examples/leak.yaml   let a script be the caller
              ./kestrel test                                    prove that everything works
            """);
        root.Options.Add(HomeOption);
        root.SetAction(parsed => new HelpAction().Invoke(parsed));
        foreach (var command in new[]
        {
            UpCommand.Create(), DownCommand.Create(), StatusCommand.Create(), LogsCommand.Create(), CallCommand.Create(), ListenCommand.Create(),
            WorkflowCommand.Create(), TenantCommand.Create(), AnalyticsCommand.Create(), DaprCommand.Create(), TestCommand.Create(), DoctorCommand.Create(), ResetCommand.Create(),
        })
            root.Subcommands.Add(command);

        // Stopping takes as long as it takes: every command handles the signals itself.
        return await root.Parse(arguments).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    /// <summary>What all commands share: the home, the terminal, the signals, and errors as sentences instead of stack traces.</summary>
    public static void Run(this Command command, Func<ParseResult, CommandContext, Task<int>> action) =>
        command.SetAction(async parsed =>
        {
            var terminal = Terminal.ForOutput();
            using var stop = new StopRequest();
            try
            {
                var home = KestrelHome.Find(parsed.GetValue(HomeOption), AppContext.BaseDirectory);
                return await action(parsed, new CommandContext(home, terminal, stop));
            }
            catch (KestrelException problem)
            {
                terminal.Failure(problem.Message);
                return 1;
            }
            catch (OperationCanceledException) when (stop.Orderly.IsCancellationRequested)
            {
                return 130;
            }
        });
}
