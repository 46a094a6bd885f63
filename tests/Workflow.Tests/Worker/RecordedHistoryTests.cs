using Dapr.Workflow;
using Dapr.Workflow.Serialization;
using Dapr.Workflow.Worker;
using Google.Protobuf;
using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Plans;
using Microsoft.Extensions.Logging.Abstractions;

namespace KestrelVoice.Workflow.Tests.Worker;

/// <summary>Histories as LocalDapr wrote them down: of this worker, and of the stock worker of @dapr/durabletask-js 1.0.0, whose steps count from 1.</summary>
public sealed class RecordedHistoryTests
{
    public static TheoryData<string> Histories => new("this-worker", "javascript-steps", "javascript-events", "javascript-children", "javascript-failures");

    [Theory]
    [MemberData(nameof(Histories))]
    public void Each_turn_decides_what_it_decided_when_it_was_recorded(string history)
    {
        var (past, turns) = (new List<HistoryEvent>(), 0);
        foreach (var (news, recorded) in TurnsOf(Read(history)))
        {
            var response = Run(past, news);

            // Until a step is on record, nobody knows that the other SDK's numbers begin with another.
            var shift = past.Exists(happened => happened.IsRecord) ? 0 : recorded.Select(record => record.EventId).FirstOrDefault();
            response.Actions.Select(action => DescribeAction(action, shift)).ShouldBe(recorded.Select(DescribeRecord), $"turn {turns}");
            past.AddRange([.. news, .. recorded]);
            turns++;
        }
        turns.ShouldBeGreaterThan(2);
    }

    [Theory]
    [MemberData(nameof(Histories))]
    public void Whoever_takes_an_instance_over_asks_for_nothing_again(string history)
    {
        var events = Read(history).Where(happened => happened.ExecutionCompleted is null).ToList();

        var response = Run(events, [new HistoryEvent { WorkflowStarted = new(), Timestamp = events[^1].Timestamp }]);

        response.Actions.ShouldHaveSingleItem().CompleteWorkflow.ShouldNotBeNull();
    }

    [Theory]
    [MemberData(nameof(Histories))]
    public void A_worker_whose_code_has_changed_says_so(string history)
    {
        var events = Read(history).Where(happened => happened.ExecutionCompleted is null).ToList();
        var changed = events.Last(happened => happened.IsRecord);
        (changed.TaskScheduled, changed.EventSent) = (null, new() { Name = "something else", InstanceId = "another" });

        var failed = Run(events, [new HistoryEvent { WorkflowStarted = new(), Timestamp = events[^1].Timestamp }]).Actions.ShouldHaveSingleItem();

        failed.CompleteWorkflow.FailureDetails.ErrorType.ShouldBe("NonDeterminismError");
    }

    private static WorkflowResponse Run(IEnumerable<HistoryEvent> past, IEnumerable<HistoryEvent> news)
    {
        var options = new WorkflowRuntimeOptions();
        new PlanWorld().Register(options);
        RegisterCounterparts(options);
        var request = new WorkflowRequest { PastEvents = { past }, NewEvents = { news } };
        request.InstanceId = past.Concat(news).First(happened => happened.ExecutionStarted is not null).ExecutionStarted.WorkflowInstance.InstanceId;
        return Turn.Run(request, "", name => options.Registry.MakeWorkflow(name, null!), new JsonWorkflowSerializer(), NullLoggerFactory.Instance);
    }

    // What the JavaScript did, in C#.
    private static void RegisterCounterparts(WorkflowRuntimeOptions options)
    {
        options.RegisterWorkflow<int, int>("steps", async (context, number) =>
        {
            var sum = await context.CallActivityAsync<int>("add", number);
            var many = await Task.WhenAll(new[] { 1, 2, 3 }.Select(item => context.CallActivityAsync<int>("add", item)).ToList());
            await context.CreateTimer(TimeSpan.FromSeconds(0.2));
            return sum + many.Sum();
        });
        options.RegisterWorkflow<object?, string>("events", async (context, _) =>
        {
            var first = await context.WaitForExternalEventAsync<string>("first");
            var second = context.WaitForExternalEventAsync<string>("second");
            return await Task.WhenAny(second, context.CreateTimer(TimeSpan.FromMinutes(10))) == second ? first + await second : "late";
        });
        options.RegisterWorkflow<object?, int>("children", async (context, _) =>
        {
            var one = await context.CallChildWorkflowAsync<int>("steps", 1);
            return (await Task.WhenAll(context.CallChildWorkflowAsync<int>("steps", 2), context.CallActivityAsync<int>("add", one))).Sum();
        });
        options.RegisterWorkflow<object?, string>("failing", async (context, _) =>
        {
            try
            {
                await context.CallActivityAsync("fail", 1);
            }
            catch (WorkflowTaskFailedException)
            {
                await context.CallActivityAsync("add", 7);
            }
            await context.CallActivityAsync("fail", 2);
            return "never";
        });
    }

    private static List<HistoryEvent> Read(string name)
    {
        using var file = new StreamReader(typeof(RecordedHistoryTests).Assembly.GetManifestResourceStream(name)!);
        return [.. JsonParser.Default.Parse<GetInstanceHistoryResponse>(file).Events];
    }

    // A turn is what came, and after it what the worker decided.
    private static IEnumerable<(List<HistoryEvent> News, List<HistoryEvent> Recorded)> TurnsOf(List<HistoryEvent> history)
    {
        var starts = history.Select((happened, index) => (happened, index)).Where(entry => entry.happened.WorkflowStarted is not null).Select(entry => entry.index).ToList();
        return starts.Zip(starts.Skip(1).Append(history.Count), (from, to) => history[from..to].GroupBy(IsDecision).ToDictionary(group => group.Key, group => group.ToList()))
            .Select(turn => (turn[false], turn.GetValueOrDefault(true, [])));
    }

    private static bool IsDecision(HistoryEvent happened) => happened.IsRecord || happened.ExecutionCompleted is not null;

    // Ids of children and moments of timers are each SDK's own affair; so is the number of the end.
    private static string DescribeAction(WorkflowAction action, int shift) => action.WorkflowActionTypeCase switch
    {
        WorkflowAction.WorkflowActionTypeOneofCase.ScheduleTask => $"{action.Id + shift} {action.ScheduleTask.Name} {action.ScheduleTask.Input}",
        WorkflowAction.WorkflowActionTypeOneofCase.CreateChildWorkflow => $"{action.Id + shift} {action.CreateChildWorkflow.Name} {action.CreateChildWorkflow.Input}",
        WorkflowAction.WorkflowActionTypeOneofCase.CreateTimer => $"{action.Id + shift} timer",
        _ => $"{action.CompleteWorkflow.WorkflowStatus} {action.CompleteWorkflow.Result}",
    };

    private static string DescribeRecord(HistoryEvent recorded) => recorded.EventTypeCase switch
    {
        HistoryEvent.EventTypeOneofCase.TaskScheduled => $"{recorded.EventId} {recorded.TaskScheduled.Name} {recorded.TaskScheduled.Input}",
        HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCreated =>
            $"{recorded.EventId} {recorded.ChildWorkflowInstanceCreated.Name} {recorded.ChildWorkflowInstanceCreated.Input}",
        HistoryEvent.EventTypeOneofCase.TimerCreated => $"{recorded.EventId} timer",
        _ => $"{recorded.ExecutionCompleted.WorkflowStatus} {recorded.ExecutionCompleted.Result}",
    };
}
