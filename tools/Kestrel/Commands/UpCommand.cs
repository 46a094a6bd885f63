using System.CommandLine;
using KestrelVoice.Cli.Processes;
using KestrelVoice.Cli.Up;

namespace KestrelVoice.Cli.Commands;

internal static class UpCommand
{
    /// <summary>Set on the background process that <c>--detach</c> starts.</summary>
    internal const string SuperviseOption = "--supervise";

    public static Command Create()
    {
        var detach = new Option<bool>("--detach", "-d") { Description = "Return when everything is healthy, and go on in the background." };
        var dapr = new Option<DaprKind?>("--dapr")
        {
            Description = "Who serves the sidecars: 'local' is the built-in one, 'cli' the real Dapr. Default: cli when it is installed and initialised.",
        };
        var portBase = new Option<int>("--port-base")
        {
            Description = "Where the ports start: the API is 80 above it, the voice app 90.",
            DefaultValueFactory = _ => PortPlan.DefaultBase,
            HelpName = "N",
        };
        var demoData = new Option<bool>("--demo-data") { Description = "Make up past calls, so that lists are not empty." };
        var noBuild = new Option<bool>("--no-build") { Description = "Take the apps as they were last built in Release." };
        var supervise = new Option<bool>(SuperviseOption) { Hidden = true };
        portBase.Validators.Add(given =>
        {
            if (given.GetValueOrDefault<int>() is < 1024 or > PortPlan.Highest)
                given.AddError($"--port-base must be between 1024 and {PortPlan.Highest}.");
        });

        var command = new Command(
            "up",
            "Start everything: PostgreSQL (a private one, or the one that KESTREL_DATABASE_URL names), both apps, their sidecars, a stand-in for Twilio.")
        {
            detach, dapr, portBase, demoData, noBuild, supervise,
        };
        command.Run((parsed, context) =>
        {
            var options = new UpOptions(parsed.GetValue(portBase), parsed.GetValue(dapr), parsed.GetValue(demoData), !parsed.GetValue(noBuild));
            if (parsed.GetValue(detach))
                return new DetachedStart(context.Home, options, context.Terminal).RunAsync(context.Stop.Orderly);
            var background = parsed.GetValue(supervise);
            if (background)
                Signals.BecomeSessionLeader();
            return new Supervisor(context.Home, options, context.Terminal, foreground: !background).RunAsync(context.Stop.Orderly, context.Stop.Now);
        });
        return command;
    }
}
