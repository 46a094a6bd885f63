using System.Collections.Concurrent;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.TaskHub;
using Kind = KestrelVoice.TaskHub.HistoryEvent.EventTypeOneofCase;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>kill -9 of the sidecar between any two steps: nothing is lost, and nothing but activities happens twice.</summary>
public sealed class KilledWorkflowTests
{
    private static readonly string[] s_points =
    [
        "started", "scheduled", "turn-given", "activity-given", "activity-answered", "timer-armed", "timer-fired",
        "child-given", "child-answered", "event-raised", "continued", "terminating",
    ];

    [Fact]
    public async Task Whatever_was_reached_is_gone_on_from()
    {
        await using var setup = NewSetup();
        var reached = new ConcurrentDictionary<string, bool>();
        await using (var run = ChildRun.Start(setup.RunFile, setup.StateFile, Home))
        {
            await run.UpAsync(setup);
            await using var hub = await TaskHubLink.ConnectAsync(setup);
            foreach (var point in s_points)
            {
                await hub.Client.StartInstanceAsync(
                    new CreateInstanceRequest
                    {
                        InstanceId = point,
                        Name = "Work",
                        Input = "1",
                        ScheduledStartTimestamp = point == "scheduled" ? DateTimeOffset.MaxValue.AddYears(-1).ToTimestamp() : new Timestamp(),
                    },
                    hub.Options);
            }
            reached["started"] = reached["scheduled"] = true;
            _ = hub.ServeAsync(request => Stops(request) ? null : Work(request), request => Task.FromResult(Runs(request)));
            foreach (var point in (string[])["event-raised", "continued"])
                await hub.RaiseAsync(point, "go");
            _ = TerminateAsync(hub);
            await Poll.Until(
                async () => (await hub.HistoryAsync("timer-armed")).Any(happened => happened.TimerCreated is not null), () => "the timer to be armed");
            reached["timer-armed"] = true;
            await Poll.Until(() => s_points.All(reached.ContainsKey), () => $"only {string.Join(", ", reached.Keys)}; output: {run.Output}");
            await run.KillAsync();
        }

        await using var next = ChildRun.Start(setup.RunFile, setup.StateFile, Home);
        await next.UpAsync(setup);
        await using var worker = await TaskHubLink.ConnectAsync(setup);
        var activities = new ConcurrentBag<string>();
        _ = worker.ServeAsync(Work, request =>
        {
            activities.Add(request.WorkflowInstance.InstanceId);
            return Task.FromResult<string?>("1");
        });
        foreach (var point in s_points.Except(["event-raised", "continued", "terminating", "scheduled"]))
            await worker.RaiseAsync(point, "go");

        foreach (var point in s_points.Except(["terminating", "scheduled"]))
            (await worker.CompletedAsync(point)).Output.ShouldBe("\"done\"", point);
        (await worker.CompletedAsync("terminating")).WorkflowStatus.ShouldBe(OrchestrationStatus.Terminated);
        (await worker.CompletedAsync("terminating-child")).WorkflowStatus.ShouldBe(OrchestrationStatus.Terminated);
        (await worker.StateAsync("scheduled"))!.WorkflowStatus.ShouldBe(OrchestrationStatus.Pending);
        activities.ShouldContain("activity-given");
        activities.ShouldNotContain("activity-answered");
        activities.ShouldNotContain("timer-armed");

        bool Stops(WorkflowRequest request)
        {
            var (point, stops) = request.InstanceId switch
            {
                "started" => ("started", true),
                "turn-given" => ("turn-given", true),
                "activity-answered" => ("activity-answered", request.Has(Kind.TaskCompleted)),
                "timer-fired" => ("timer-fired", request.Has(Kind.TimerFired)),
                "child-given-child" => ("child-given", true),
                "child-answered" => ("child-answered", request.Has(Kind.ChildWorkflowInstanceCompleted)),
                "event-raised" => ("event-raised", request.Has(Kind.EventRaised) && request.Has(Kind.ChildWorkflowInstanceCompleted)),
                "continued" => ("continued", request.PastEvents.Count == 0 && Generation(request) == "2"),
                // Its parent has answered that it is over; the child has not yet.
                "terminating-child" => ("terminating", request.Has(Kind.ExecutionTerminated)),
                var id => (id, false),
            };
            if (stops)
                reached[point] = true;
            return stops;
        }

        string? Runs(ActivityRequest request)
        {
            if (request.WorkflowInstance.InstanceId != "activity-given")
                return "1";
            reached["activity-given"] = true;
            return null;
        }

        static async Task TerminateAsync(TaskHubLink hub)
        {
            await Poll.Until(async () => await hub.StateAsync("terminating-child") is not null, () => "the child");
            try
            {
                await hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "terminating", Recursive = true }, hub.Options);
            }
            catch (RpcException)
            {
                // Killed meanwhile.
            }
        }
    }

    [Fact]
    public async Task Every_accepted_workflow_ends_as_it_would_have_undisturbed()
    {
        await using var setup = NewSetup();
        var accepted = new ConcurrentQueue<string>();
        var ran = new ConcurrentDictionary<string, int>();
        var next = 0;

        for (var life = 0; life < 3; life++)
        {
            await using var run = ChildRun.Start(setup.RunFile, setup.StateFile, Home);
            await run.UpAsync(setup);
            await using var hub = await TaskHubLink.ConnectAsync(setup);
            _ = hub.ServeAsync(Sum, CountAsync);
            var enough = accepted.Count + 40;
            var starting = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => StartUntilKilledAsync(hub)));
            await Poll.Until(() => accepted.Count >= enough, () => $"accepted workflows; output: {run.Output}");
            await run.KillAsync();
            await starting;
        }

        await using var last = ChildRun.Start(setup.RunFile, setup.StateFile, Home);
        await last.UpAsync(setup);
        await using var worker = await TaskHubLink.ConnectAsync(setup);
        _ = worker.ServeAsync(Sum, CountAsync);
        foreach (var id in accepted)
        {
            var state = await worker.CompletedAsync(id);
            (state.WorkflowStatus, state.Output).ShouldBe((OrchestrationStatus.Completed, "30"), id);
            var history = await worker.HistoryAsync(id);
            history.Count(happened => happened.TaskCompleted is not null).ShouldBe(3, id);
            history.Count(happened => happened.ChildWorkflowInstanceCompleted is not null).ShouldBe(1, id);
            history.Count(happened => happened.TimerFired is not null).ShouldBe(1, id);
            foreach (var task in (int[])[0, 1, 4])
                ran.ShouldContainKey($"{id}/{task}");
        }
        await last.TerminateAsync();
        last.ExitCode.ShouldBe(0);

        Task<string?> CountAsync(ActivityRequest request)
        {
            ran.AddOrUpdate($"{request.WorkflowInstance.InstanceId}/{request.TaskId}", 1, (_, times) => times + 1);
            return Task.FromResult<string?>("10");
        }

        async Task StartUntilKilledAsync(TaskHubLink hub)
        {
            try
            {
                while (true)
                {
                    var id = $"workflow-{Interlocked.Increment(ref next)}";
                    await hub.StartAsync(id);
                    accepted.Enqueue(id);
                }
            }
            catch (RpcException)
            {
                // The sidecar is gone: what this call was about to begin was never answered.
            }
        }
    }

    private static DaprRun NewSetup()
    {
        Assert.SkipWhen(DaprRun.IsReal, "The process to kill is LocalDapr's.");
        var setup = new DaprRun().WithApp("host");
        setup.WriteRunFile();
        return setup;
    }

    private static Dictionary<string, string> Home => new() { ["HOME"] = "/nonexistent" };

    private static string Generation(WorkflowRequest request) => request.History().First(happened => happened.ExecutionStarted is not null).ExecutionStarted.Input;

    /// <summary>An activity, a timer, a child and an event one after another; then once more from the start, to the end.</summary>
    private static IEnumerable<WorkflowAction> Work(WorkflowRequest request)
    {
        var id = request.InstanceId;
        if (id.EndsWith("-child", StringComparison.Ordinal))
            return id == "terminating-child" ? [] : [Actions.Complete("1")];
        if (Generation(request) == "2")
            return [Actions.Complete("\"done\"")];
        if (!request.Has(Kind.TaskScheduled))
            return [Actions.Activity(0)];
        if (request.Has(Kind.TaskCompleted) && !request.Has(Kind.TimerCreated))
            return [Actions.Timer(1, TimeProvider.System.GetUtcNow() + (id == "timer-armed" ? TimeSpan.FromSeconds(2) : TimeSpan.FromMilliseconds(50)))];
        if (request.Has(Kind.TimerFired) && !request.Has(Kind.ChildWorkflowInstanceCreated))
            return [Actions.Child(2, id + "-child")];
        if (request.Has(Kind.ChildWorkflowInstanceCompleted) && request.Has(Kind.EventRaised))
            return [Actions.ContinueAsNew("2")];
        return [];
    }

    /// <summary>Two activities at once, a timer, a child, and a third activity; the end is their sum.</summary>
    private static IEnumerable<WorkflowAction> Sum(WorkflowRequest request)
    {
        if (request.InstanceId.EndsWith(":0003", StringComparison.Ordinal))
            return [Actions.Complete("0")];
        var done = request.History().Where(happened => happened.TaskCompleted is not null).Select(happened => happened.TaskCompleted).ToArray();
        if (!request.Has(Kind.TaskScheduled))
            return [Actions.Activity(0), Actions.Activity(1)];
        if (done.Length == 2 && !request.Has(Kind.TimerCreated))
            return [Actions.Timer(2, TimeProvider.System.GetUtcNow() + TimeSpan.FromMilliseconds(20))];
        if (request.Has(Kind.TimerFired) && !request.Has(Kind.ChildWorkflowInstanceCreated))
            return [Actions.Child(3)];
        if (request.Has(Kind.ChildWorkflowInstanceCompleted) && request.History().Count(happened => happened.TaskScheduled is not null) == 2)
            return [Actions.Activity(4)];
        return done.Length == 3 ? [Actions.Complete(done.Sum(task => int.Parse(task.Result, CultureInfo.InvariantCulture)).ToString(CultureInfo.InvariantCulture))] : [];
    }
}
