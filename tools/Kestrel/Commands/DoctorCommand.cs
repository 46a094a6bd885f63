using System.CommandLine;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Machine;
using KestrelVoice.Cli.Postgres;
using KestrelVoice.Cli.Processes;
using KestrelVoice.Cli.Up;

namespace KestrelVoice.Cli.Commands;

internal static class DoctorCommand
{
    private enum Need
    {
        Required,
        ForTests,
        Optional,
    }

    public static Command Create()
    {
        var portBase = new Option<int>("--port-base") { Description = "Look at the ports of this base.", DefaultValueFactory = _ => PortPlan.DefaultBase, HelpName = "N" };
        var command = new Command("doctor", "Show what is here, what is missing, and how to get it. Changes nothing.") { portBase };
        command.Run((parsed, context) => RunAsync(context, new PortPlan(parsed.GetValue(portBase))));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, PortPlan ports)
    {
        var (home, terminal, stop) = (context.Home, context.Terminal, context.Stop.Orderly);
        var missing = 0;
        void Tell(string name, string? found, Need need, string get)
        {
            if (found is not null)
            {
                terminal.Markup($"[green]✓[/] {name,-12} {found}");
                return;
            }

            if (need == Need.Required)
                missing++;
            var use = need switch
            {
                Need.Required => "missing",
                Need.ForTests => "missing; only ./kestrel test needs it",
                _ => "not installed",
            };
            terminal.Markup($"{(need == Need.Optional ? "-" : need == Need.ForTests ? "!" : "✗")} {name,-12} {use}. {get}");
        }

        Tell("System", System.Runtime.InteropServices.RuntimeInformation.OSDescription, Need.Required, "");
        Tell(".NET SDK", await SdkAsync(home, stop), Need.Required, "https://dotnet.microsoft.com/download/dotnet/10.0");
        Tell("PostgreSQL", await PostgresAsync(stop), Need.Required, DebianPackages.CanInstall ? "./kestrel up installs it." : $"Get it: {HowToGet.Postgres}");
        Tell("Time zones", MachineCheck.MissingTimeZones() is null ? "there" : null, Need.Required, HowToGet.TimeZones);
        Tell("Disk", $"{MachineCheck.FreeBytes(home) / 1024 / 1024} MB free", Need.Required, "");
        var node = await NodeJs.FindAsync(stop);
        Tell(
            "Node", node is { Major: >= NodeJs.OldestMajor } ? $"{node.Version}, with npm" : null, Need.ForTests,
            node is null ? HowToGet.Node : $"{node.Version} is here, {NodeJs.OldestMajor} or newer is needed. {HowToGet.Node}");
        var dapr = await DaprCli.VersionAsync(stop);
        Tell(
            "Dapr CLI", dapr is null ? null : $"{dapr}{(DaprCli.IsInitialised ? "" : " (not initialised: dapr init)")}", Need.Optional,
            $"The built-in LocalDapr serves instead. {HowToGet.Dapr}");

        var up = await RunLock.IsHeldAsync(home, stop);
        var taken = ports.All(Database.ExternalUrl is null).Where(port => !FreePort.IsFree(port.Port)).Select(port => $"{port.Port}").ToList();
        Tell(
            "Ports", up ? "KestrelVoice is up" : taken.Count == 0 ? "free" : null, Need.Required,
            $"In use by another program: {string.Join(", ", taken)}. Move: ./kestrel up --port-base 6000");
        terminal.Line();
        terminal.Line(missing == 0 ? "Ready: ./kestrel up" : $"{missing} thing(s) to get before ./kestrel up can work.");
        return missing == 0 ? 0 : 1;
    }

    private static async Task<string?> SdkAsync(KestrelHome home, CancellationToken cancellationToken)
    {
        var asked = await Subprocess.RunAsync(new("dotnet", ["--version"]) { WorkingDirectory = home.Checkout }, cancellationToken);
        return asked.Succeeded ? asked.StandardOutput.Trim() : null;
    }

    private static async Task<string?> PostgresAsync(CancellationToken cancellationToken)
    {
        if (Database.ExternalUrl is not null)
            return $"{DatabaseUrl.Variable} is set";
        return await PostgresBinaries.FindAsync(major: null, cancellationToken) is { } found ? $"{found.Major} in {found.Folder}" : null;
    }
}
