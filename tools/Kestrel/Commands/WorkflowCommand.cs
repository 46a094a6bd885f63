using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Workflows;
using KestrelVoice.TaskHub;
using Spectre.Console;

namespace KestrelVoice.Cli.Commands;

internal static class WorkflowCommand
{
    private static readonly string[] Statuses = ["pending", "running", "suspended", "stalled", "completed", "failed", "terminated"];

    public static Command Create() => new("workflow", "Look at the API app's workflows (retries of webhooks, summaries), and end or remove them.")
    {
        List(), Show(), Terminate(), Purge(),
    };

    private static Command List()
    {
        var status = new Option<string?>("--status") { Description = $"Only those that are {string.Join(", ", Statuses[..^1])} or {Statuses[^1]}.", HelpName = "STATUS" };
        status.AcceptOnlyFromAmong(Statuses);
        var lines = new Option<int>("--lines", "-n") { Description = "How many to show, the youngest first.", DefaultValueFactory = _ => 50, HelpName = "N" };
        var command = new Command("list", "Show workflows: which they are, how they are, how old they are.") { status, lines };
        command.Run(async (parsed, context) =>
        {
            using var hub = await WorkflowHub.OfRunAsync(context.Home, context.Stop.Orderly);
            var wanted = parsed.GetValue(status);
            var found = (await hub.ListAsync(context.Stop.Orderly)).Where(workflow => wanted is null || WorkflowText.Status(workflow.WorkflowStatus) == wanted).ToList();
            Print(context.Terminal, found, parsed.GetValue(lines), TimeProvider.System.GetUtcNow());
            return 0;
        });
        return command;
    }

    private static Command Show()
    {
        var id = Id();
        var command = new Command("show", "Show one workflow and everything that happened to it, in the order of time.") { id };
        command.Run(async (parsed, context) =>
        {
            using var hub = await WorkflowHub.OfRunAsync(context.Home, context.Stop.Orderly);
            var workflow = await hub.FindAsync(parsed.GetValue(id)!, withPayloads: true, context.Stop.Orderly)
                ?? throw new KestrelException($"There is no workflow '{parsed.GetValue(id)}'. ./kestrel workflow list shows those there are.");
            Print(context.Terminal, workflow, await hub.HistoryAsync(workflow.InstanceId, context.Stop.Orderly));
            return 0;
        });
        return command;
    }

    private static Command Terminate()
    {
        var id = Id();
        var command = new Command("terminate", "End a workflow and its children where they are.") { id };
        command.Run(async (parsed, context) =>
        {
            using var hub = await WorkflowHub.OfRunAsync(context.Home, context.Stop.Orderly);
            await hub.TerminateAsync(parsed.GetValue(id)!, context.Stop.Orderly);
            context.Terminal.Markup($"[green]✓[/] {parsed.GetValue(id)} has ended");
            return 0;
        });
        return command;
    }

    private static Command Purge()
    {
        var id = Id();
        var force = new Option<bool>("--force") { Description = "Even when it has not ended. What it was doing is cut off without a trace." };
        var command = new Command("purge", "Remove a workflow that has ended, with its history and its children.") { id, force };
        command.Run(async (parsed, context) =>
        {
            using var hub = await WorkflowHub.OfRunAsync(context.Home, context.Stop.Orderly);
            var count = await hub.PurgeAsync(parsed.GetValue(id)!, parsed.GetValue(force), context.Stop.Orderly);
            context.Terminal.Markup($"[green]✓[/] {count} removed");
            return 0;
        });
        return command;
    }

    internal static void Print(Terminal terminal, IReadOnlyList<WorkflowState> workflows, int lines, DateTimeOffset now)
    {
        if (workflows.Count == 0)
        {
            terminal.Line("No workflows.");
            return;
        }
        var table = new Table().Border(terminal.IsPlain ? TableBorder.None : TableBorder.Rounded).AddColumns("Workflow", "Name", "Status", "Age");
        foreach (var workflow in workflows.Take(lines))
        {
            table.AddRow(
                new Text(workflow.InstanceId), new Text(workflow.Name), new Text(WorkflowText.Status(workflow.WorkflowStatus), StyleOf(workflow.WorkflowStatus)),
                new Text(WorkflowText.Age(now - workflow.CreatedTimestamp.ToDateTimeOffset())));
        }
        terminal.Console.Write(table);
        if (workflows.Count > lines)
            terminal.Line($"and {workflows.Count - lines} more; --lines shows them");
    }

    internal static void Print(Terminal terminal, WorkflowState workflow, IReadOnlyList<HistoryEvent> history)
    {
        terminal.Markup($"[bold]{workflow.InstanceId}[/] ({workflow.Name}) is [bold]{WorkflowText.Status(workflow.WorkflowStatus)}[/]");
        foreach (var (label, value) in new[]
        {
            ("created", WorkflowText.Time(workflow.CreatedTimestamp)),
            ("changed", WorkflowText.Time(workflow.LastUpdatedTimestamp)),
            ("parent", workflow.ParentInstanceId),
            ("status", WorkflowText.Payload(workflow.CustomStatus)),
            ("input", WorkflowText.Payload(workflow.Input)),
            ("output", WorkflowText.Payload(workflow.Output)),
            ("failure", workflow.FailureDetails is { } failure ? WorkflowText.Failure(failure) : null),
        })
        {
            if (!string.IsNullOrEmpty(value))
                terminal.Markup($"  [grey]{label,-8}[/] {value}");
        }
        if (history.Count > 0)
            terminal.Line();
        // History is in the order in which it was acted on. What was carried over from before may bear no time at all.
        foreach (var happened in history.OrderBy(happened => Math.Max(Ticks(happened.Timestamp), Ticks(workflow.CreatedTimestamp))))
        {
            if (WorkflowText.Of(happened) is { } line)
                terminal.Markup($"[grey]{WorkflowText.Time(happened.Timestamp)}[/]  {line}");
        }
    }

    private static long Ticks(Timestamp? time) => time?.ToDateTimeOffset().UtcTicks ?? 0;

    private static Argument<string> Id() => new("id") { Description = "Which workflow; ./kestrel workflow list shows them." };

    private static Style StyleOf(OrchestrationStatus status) => status switch
    {
        OrchestrationStatus.Completed => new Style(Color.Green),
        OrchestrationStatus.Failed or OrchestrationStatus.Stalled => new Style(Color.Red),
        OrchestrationStatus.Terminated or OrchestrationStatus.Suspended or OrchestrationStatus.Canceled => new Style(Color.Yellow),
        _ => Style.Plain,
    };
}
