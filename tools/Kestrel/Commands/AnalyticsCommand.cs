using System.CommandLine;
using System.Text.Json;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Up;

namespace KestrelVoice.Cli.Commands;

internal static class AnalyticsCommand
{
    public static Command Create() => new("analytics", "The counters behind analytics and the totals of lists.") { Check() };

    private static Command Check()
    {
        var tenant = new Option<string?>("--tenant") { Description = "Its id or one of its numbers. Default: every tenant.", HelpName = "TENANT" };
        var repair = new Option<bool>("--repair") { Description = "Make right what is wrong. New calls of such a tenant wait meanwhile." };
        var command = new Command("check", "Count the calls and compare; exit code 1 when something is off.") { tenant, repair };
        command.Run((parsed, context) => RunAsync(context, parsed.GetValue(tenant), parsed.GetValue(repair)));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, string? tenant, bool repair)
    {
        var home = context.Home;
        if (RunRecord.Read(home) is not { State: RunState.Ready } run)
            throw new KestrelException("KestrelVoice is not up. Start it first: ./kestrel up");
        var ports = new PortPlan(run.PortBase);
        await using var database = Database.OfRun(home, ports);
        var host = new HostCommands(home, new RunEnvironment(home, ports, Secrets.ReadOrCreate(home), database, run.RunId));
        var printed = await host.CheckAnalyticsAsync(tenant, repair, context.Stop.Orderly);
        var found = JsonDocument.Parse(printed.Split('\n').Last(line => line.StartsWith('{'))).RootElement;

        var (tenants, differences) = (found.GetProperty("tenants").GetInt32(), found.GetProperty("differences").GetInt64());
        if (differences == 0)
        {
            context.Terminal.Markup($"[green]✓[/] Every counter is what its calls come to (tenants: {tenants})");
            return 0;
        }
        foreach (var wrong in found.GetProperty("shown").EnumerateArray())
            context.Terminal.Line(
                $"{Text(wrong, "tenant_id")}  {Text(wrong, "rollup")}  {Text(wrong, "bucket")}  {Text(wrong, "metric")}: "
                + $"{wrong.GetProperty("stored").GetInt64()} stored, {wrong.GetProperty("counted").GetInt64()} counted");
        if (!repair)
        {
            context.Terminal.Failure($"Counters that are off: {differences}; --repair makes them right");
            return 1;
        }
        context.Terminal.Markup($"[green]✓[/] Counters that were off, and are right now: {differences}");
        return 0;
    }

    private static string? Text(JsonElement difference, string name) => difference.GetProperty(name).GetString();
}
