using System.CommandLine;
using System.Text.Json;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Up;

namespace KestrelVoice.Cli.Commands;

internal static class TenantCommand
{
    private static readonly string[] Plans = ["personal", "business", "business_plus"];

    public static Command Create() => new("tenant", "What an operator decides about tenants.") { Plan() };

    private static Command Plan()
    {
        var plan = new Argument<string?>("plan")
        {
            Description = $"The plan to put it on: {string.Join(", ", Plans[..^1])} or {Plans[^1]}. Without it, the present one is shown.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        plan.AcceptOnlyFromAmong(Plans);
        var tenant = new Option<string?>("--tenant") { Description = "Its id or one of its numbers. Default: the demo tenant.", HelpName = "TENANT" };
        var command = new Command("plan", "Show the plan of a tenant, or put it on another; felt within a second.") { plan, tenant };
        command.Run((parsed, context) => RunAsync(context, parsed.GetValue(tenant), parsed.GetValue(plan)));
        return command;
    }

    private static async Task<int> RunAsync(CommandContext context, string? tenant, string? plan)
    {
        var home = context.Home;
        if (RunRecord.Read(home) is not { State: RunState.Ready } run || DevFile.Read(home) is not { } dev)
            throw new KestrelException("KestrelVoice is not up. Start it first: ./kestrel up");
        var ports = new PortPlan(run.PortBase);
        await using var database = Database.OfRun(home, ports);
        var host = new HostCommands(home, new RunEnvironment(home, ports, Secrets.ReadOrCreate(home), database, run.RunId));
        var printed = await host.PlanAsync(tenant ?? dev.TenantId, plan, context.Stop.Orderly);
        var now = JsonDocument.Parse(printed.Split('\n').Last(line => line.StartsWith('{'))).RootElement;
        var (name, id, present) = (now.GetProperty("name").GetString(), now.GetProperty("tenant_id").GetString(), now.GetProperty("plan").GetString());
        if (plan is null)
            context.Terminal.Markup($"{name} ({id}) is on [bold]{present}[/]");
        else
            context.Terminal.Markup($"[green]✓[/] {name} ({id}) is on [bold]{present}[/] now");
        return 0;
    }
}
