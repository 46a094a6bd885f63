using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>Suspending, resuming, terminating, stalling, and beginning anew.</summary>
public sealed class ControlTests : WorkflowTest
{
    [Fact]
    public async Task A_suspension_shows_until_it_is_lifted_and_what_comes_meanwhile_is_not_lost()
    {
        await BeginAsync("one", Actions.Activity(0));
        var activity = await Hub.NextActivityAsync();
        var suspending = Hub.Client.SuspendInstanceAsync(new SuspendRequest { InstanceId = "one", Reason = "lunch" }, Hub.Options);
        (await Hub.NextTurnAsync()).NewEvents[1].ExecutionSuspended.Input.ShouldBe("lunch");
        suspending.ResponseAsync.IsCompleted.ShouldBeFalse();
        await Hub.AnswerAsync("one", Actions.Activity(0));
        await suspending;
        (await StatusAsync("one")).ShouldBe(OrchestrationStatus.Suspended);
        await Hub.AnswerAsync(activity);
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one");
        (await StatusAsync("one")).ShouldBe(OrchestrationStatus.Suspended);
        var resuming = Hub.Client.ResumeInstanceAsync(new ResumeRequest { InstanceId = "one" }, Hub.Options);
        var resumed = await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one");
        await resuming;

        resumed.NewEvents[1].ExecutionResumed.ShouldNotBeNull();
        resumed.PastEvents.Count(happened => happened.TaskCompleted is not null).ShouldBe(1);
        (await StatusAsync("one")).ShouldBe(OrchestrationStatus.Running);
        Hub.Seen.Count(item => item.ActivityRequest is not null).ShouldBe(1);
    }

    [Fact]
    public async Task A_termination_holds_whatever_the_worker_makes_of_it()
    {
        await BeginAsync("one", Actions.Activity(0));
        var activity = await Hub.NextActivityAsync();
        var terminating = Hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "one", Output = "\"enough\"" }, Hub.Options);
        await Hub.NextTurnAsync();
        await Hub.Client.CompleteWorkflowTaskAsync(
            new WorkflowResponse { InstanceId = "one", Actions = { Actions.Activity(1), Actions.ContinueAsNew("9") }, CustomStatus = "\"kept\"" }, Hub.Options);
        await terminating;

        var state = (await Hub.StateAsync("one"))!;
        (state.WorkflowStatus, state.Output, state.CustomStatus).ShouldBe((OrchestrationStatus.Terminated, "\"enough\"", "\"kept\""));
        await Hub.AnswerAsync(activity);
        await Hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "one" }, Hub.Options);
        var history = await Hub.HistoryAsync("one");
        history[^1].EventId.ShouldBe(-1);
        history.ShouldNotContain(happened => happened.TaskCompleted != null || happened.EventId == 1);
    }

    [Fact]
    public async Task A_completion_in_the_same_turn_stands()
    {
        await BeginAsync("one");
        var terminating = Hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "one" }, Hub.Options);
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Complete("\"done\""));
        await terminating;

        (await StatusAsync("one")).ShouldBe(OrchestrationStatus.Completed);
    }

    [Fact]
    public async Task What_is_pending_or_suspended_is_terminated_too()
    {
        await Hub.StartAsync("pending");
        var first = Hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "pending" }, Hub.Options);
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("pending");
        // The turn was on its way before; the termination comes with the next.
        if (!(await StatusAsync("pending") is OrchestrationStatus.Terminated))
        {
            await Hub.NextTurnAsync();
            await Hub.AnswerAsync("pending");
        }
        await first;
        await BeginAsync("suspended");
        var suspending = Hub.Client.SuspendInstanceAsync(new SuspendRequest { InstanceId = "suspended" }, Hub.Options);
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("suspended");
        await suspending;
        var second = Hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "suspended" }, Hub.Options);
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("suspended");
        await second;

        (await StatusAsync("pending")).ShouldBe(OrchestrationStatus.Terminated);
        (await StatusAsync("suspended")).ShouldBe(OrchestrationStatus.Terminated);
    }

    [Fact]
    public async Task A_new_generation_keeps_events_and_forgets_everything_else()
    {
        await BeginAsync("one", Actions.Activity(0), Actions.Timer(1, Clock.GetUtcNow() + TimeSpan.FromHours(1)));
        var old = await Hub.NextAsync();
        await Hub.RaiseAsync("one", "kept", "1");
        var turn = await Hub.NextTurnAsync();
        await Hub.RaiseAsync("one", "later", "2");
        await Hub.AnswerAsync("one", Actions.Activity(5), Actions.ContinueAsNew("\"next\"", turn.NewEvents[1]));

        var next = await Hub.NextTurnAsync();
        next.PastEvents.ShouldBeEmpty();
        next.NewEvents.Kinds().ShouldBe(["WorkflowStarted", "ExecutionStarted", "EventRaised", "EventRaised"]);
        next.NewEvents.Skip(2).Select(happened => happened.EventRaised.Name).ShouldBe(["kept", "later"]);
        next.NewEvents[1].ExecutionStarted.Input.ShouldBe("\"next\"");
        next.ExecutionId.ShouldNotBe(turn.ExecutionId);
        await Hub.AnswerAsync("one", Actions.Activity(0));
        var fresh = await Hub.NextAsync();
        await Answer(old, "\"stale\"");
        await Answer(fresh, "\"fresh\"");
        Clock.Advance(TimeSpan.FromHours(2));
        (await Hub.NextTurnAsync()).NewEvents.Skip(1).Single().TaskCompleted.Result.ShouldBe("\"fresh\"");
        (await StatusAsync("one")).ShouldBe(OrchestrationStatus.Running);

        async Task Answer(WorkItem item, string result) => await Hub.Client.CompleteActivityTaskAsync(
            new ActivityResponse { InstanceId = "one", TaskId = item.ActivityRequest.TaskId, Result = result, CompletionToken = item.CompletionToken }, Hub.Options);
    }

    [Fact]
    public async Task A_thousand_generations_are_one_after_another_and_leave_one_history()
    {
        _ = Hub.ServeAsync(request =>
        {
            var count = int.Parse(request.History().Last(happened => happened.ExecutionStarted is not null).ExecutionStarted.Input, System.Globalization.CultureInfo.InvariantCulture);
            return [count < 1000 ? Actions.ContinueAsNew((count + 1).ToString(System.Globalization.CultureInfo.InvariantCulture)) : Actions.Complete("\"end\"")];
        });
        await Hub.StartAsync("one", "1");

        (await Hub.CompletedAsync("one")).Output.ShouldBe("\"end\"");
        (await Hub.HistoryAsync("one")).Count.ShouldBe(3);
    }

    [Fact]
    public async Task Patches_are_written_down_and_a_worker_that_takes_others_stalls_the_instance_until_another_comes()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Answer(Hub, new WorkflowVersion { Name = "v2", Patches = { "a", "b" } });
        await Hub.RaiseAsync("one", "e");
        var second = await Hub.NextTurnAsync();
        await Answer(Hub, new WorkflowVersion { Name = "v2", Patches = { "a", "c" } });
        (await StatusAsync("one")).ShouldBe(OrchestrationStatus.Stalled);
        (await Should.ThrowAsync<Grpc.Core.RpcException>(() => Hub.RaiseAsync("one", "e"))).Status.Detail.ShouldContain("stalled");
        await Should.ThrowAsync<Grpc.Core.RpcException>(async () => await Hub.Client.PurgeInstancesAsync(new PurgeInstancesRequest { InstanceId = "one" }, Hub.Options));
        await Hub.LeaveAsync();
        await using var hub = await TaskHubLink.ConnectAsync(Run);
        var again = await hub.NextTurnAsync();
        await Answer(hub, new WorkflowVersion { Name = "v2", Patches = { "a", "b", "c" } });

        second.PastEvents[0].WorkflowStarted.Version.ShouldBe(new WorkflowVersion { Name = "v2", Patches = { "a", "b" } });
        again.NewEvents[1].ShouldBe(second.NewEvents[1]);
        (await StatusAsync("one", hub)).ShouldBe(OrchestrationStatus.Running);
        var history = await hub.HistoryAsync("one");
        history.Select(happened => happened.WorkflowStarted?.Version).OfType<WorkflowVersion>().Last().ShouldBe(new WorkflowVersion { Patches = { "c" } });
        history.Single(happened => happened.ExecutionStalled is not null).ExecutionStalled.Reason.ShouldBe(StalledReason.PatchMismatch);

        static async Task Answer(TaskHubLink hub, WorkflowVersion version) =>
            await hub.Client.CompleteWorkflowTaskAsync(new WorkflowResponse { InstanceId = "one", Version = version }, hub.Options);
    }

    [Fact]
    public async Task An_instance_no_worker_has_the_version_of_is_stalled_and_can_still_be_ended()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", new WorkflowAction { Id = 0, WorkflowVersionNotAvailable = new WorkflowVersionNotAvailableAction() });
        (await StatusAsync("one")).ShouldBe(OrchestrationStatus.Stalled);
        var terminating = Hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "one" }, Hub.Options);
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", new WorkflowAction { Id = 0, WorkflowVersionNotAvailable = new WorkflowVersionNotAvailableAction() });
        await terminating;

        (await StatusAsync("one")).ShouldBe(OrchestrationStatus.Terminated);
    }

    [Fact]
    public async Task A_history_too_large_to_send_stalls()
    {
        await Hub.StartAsync("one", new string('x', 3 << 20));
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one");
        await Hub.RaiseAsync("one", "e", new string('y', 2 << 20));

        await Poll.Until(async () => await StatusAsync("one") == OrchestrationStatus.Stalled, () => "the stall");
        (await Hub.HistoryAsync("one"))[^1].ExecutionStalled.Reason.ShouldBe(StalledReason.PayloadSizeExceeded);
    }

    private async Task BeginAsync(string id, params IEnumerable<WorkflowAction> actions)
    {
        await Hub.StartAsync(id);
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync(id, actions);
    }

    private async Task<OrchestrationStatus> StatusAsync(string id, TaskHubLink? hub = null) => (await (hub ?? Hub).StateAsync(id))!.WorkflowStatus;
}
