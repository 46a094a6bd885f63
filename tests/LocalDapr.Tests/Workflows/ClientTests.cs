using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>What clients ask of workflows: starting, waiting, events, ids, purging, listing.</summary>
public sealed class ClientTests : WorkflowTest
{
    [Fact]
    public async Task A_start_waits_for_a_worker_to_begin_unless_it_names_a_time()
    {
        var start = Hub.Client.StartInstanceAsync(new CreateInstanceRequest { InstanceId = "one", Name = "Work" }, Hub.Options);
        await Hub.NextTurnAsync();
        start.ResponseAsync.IsCompleted.ShouldBeFalse();
        await Hub.AnswerAsync("one");
        (await start).InstanceId.ShouldBe("one");

        await Hub.StartAsync("two");
        (await Hub.StateAsync("two"))!.WorkflowStatus.ShouldBe(OrchestrationStatus.Pending);
    }

    [Fact]
    public async Task A_scheduled_start_waits_for_its_time_and_what_is_raised_before_waits_with_it()
    {
        await StartLaterAsync("one", TimeSpan.FromMinutes(10));
        await Hub.RaiseAsync("one", "early", "1");
        var pending = await Hub.StateAsync("one");
        await RestartAsync();
        var turn = Hub.NextTurnAsync();
        await PassTimeUntil(() => turn.IsCompleted, "the start");

        (pending!.WorkflowStatus, pending.Name, pending.Input).ShouldBe((OrchestrationStatus.Pending, "Work", "7"));
        (await turn).NewEvents.Kinds().ShouldBe(["WorkflowStarted", "ExecutionStarted", "EventRaised"]);
        (await turn).NewEvents[0].Timestamp.ToDateTimeOffset().ShouldBeGreaterThanOrEqualTo(pending.CreatedTimestamp.ToDateTimeOffset() + TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task What_has_not_begun_is_terminated_without_a_worker()
    {
        await StartLaterAsync("one", TimeSpan.FromDays(1));

        await Hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "one", Output = "\"no\"" }, Hub.Options);

        var state = await Hub.CompletedAsync("one");
        (state.WorkflowStatus, state.Output).ShouldBe((OrchestrationStatus.Terminated, "\"no\""));
    }

    [Fact]
    public async Task Waits_keep_their_deadlines_and_survive_what_they_wait_for_being_absent()
    {
        var late = Should.ThrowAsync<RpcException>(async () => await Hub.Client.WaitForInstanceStartAsync(
            new GetInstanceRequest { InstanceId = "one" }, Hub.Options.WithDeadline(DateTime.MinValue.ToUniversalTime())));
        var started = Hub.Client.WaitForInstanceStartAsync(new GetInstanceRequest { InstanceId = "one" }, Hub.Options).ResponseAsync;
        var completed = Hub.CompletedAsync("one");
        using var impatient = new CancellationTokenSource();
        var cancelled = Should.ThrowAsync<RpcException>(async () => await Hub.Client.WaitForInstanceCompletionAsync(
            new GetInstanceRequest { InstanceId = "one" }, Hub.Options.WithCancellationToken(impatient.Token)));
        (await late).StatusCode.ShouldBe(StatusCode.DeadlineExceeded);
        await impatient.CancelAsync();
        (await cancelled).StatusCode.ShouldBe(StatusCode.Cancelled);
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one");
        (await started).WorkflowState.WorkflowStatus.ShouldBe(OrchestrationStatus.Running);
        completed.IsCompleted.ShouldBeFalse();
        await Hub.RaiseAsync("one", "e");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Complete("1"));

        (await completed).Output.ShouldBe("1");
    }

    [Fact]
    public async Task A_wait_ends_when_the_sidecar_does_and_the_next_is_answered_after_the_restart()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        var cut = Should.ThrowAsync<RpcException>(Hub.CompletedAsync("one"));
        await Run.StopAsync();
        await cut;
        await Run.StartAsync();
        await using var hub = await TaskHubLink.ConnectAsync(Run);
        var completed = hub.CompletedAsync("one");
        await hub.NextTurnAsync();
        await hub.AnswerAsync("one", Actions.Complete());

        (await completed).WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
    }

    [Fact]
    public async Task An_event_reaches_an_instance_in_every_phase()
    {
        var missing = await Should.ThrowAsync<RpcException>(() => Hub.RaiseAsync("one", "a"));
        await Hub.LeaveAsync();
        await Hub.StartAsync("one");
        await Hub.RaiseAsync("one", "pending");
        await RestartAsync();
        (await Hub.NextTurnAsync()).NewEvents.Kinds().ShouldBe(["WorkflowStarted", "ExecutionStarted", "EventRaised"]);
        await Hub.AnswerAsync("one");
        await Hub.RaiseAsync("one", "running");
        (await Hub.NextTurnAsync()).NewEvents[1].EventRaised.Name.ShouldBe("running");
        await Hub.AnswerAsync("one", Actions.Complete());
        await Hub.RaiseAsync("one", "completed");

        missing.Status.Detail.ShouldContain("no such instance exists");
        (await Hub.HistoryAsync("one"))[^1].ExecutionCompleted.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_missing_instance_does_not_exist_and_everything_else_about_it_fails()
    {
        (await Hub.Client.GetInstanceAsync(new GetInstanceRequest { InstanceId = "none" }, Hub.Options)).ShouldBe(new GetInstanceResponse());
        foreach (var ask in (Func<Task>[])
            [
                async () => await Hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "none" }, Hub.Options),
                async () => await Hub.Client.SuspendInstanceAsync(new SuspendRequest { InstanceId = "none" }, Hub.Options),
                async () => await Hub.Client.ResumeInstanceAsync(new ResumeRequest { InstanceId = "none" }, Hub.Options),
                async () => await PurgeAsync("none"),
            ])
        {
            (await Should.ThrowAsync<RpcException>(ask)).Status.Detail.ShouldBe("no such instance exists");
        }
        (await Should.ThrowAsync<RpcException>(() => Hub.HistoryAsync("none"))).StatusCode.ShouldBe(StatusCode.NotFound);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("a#b")]
    [InlineData("a?b")]
    [InlineData("a::b")]
    [InlineData("a||b")]
    [InlineData("a\nb")]
    public async Task An_id_that_would_break_on_the_way_is_refused(string id) =>
        (await Should.ThrowAsync<RpcException>(() => Hub.StartAsync(id))).StatusCode.ShouldBe(StatusCode.InvalidArgument);

    [Fact]
    public async Task An_id_is_taken_while_its_instance_lives_and_free_afterwards()
    {
        await Hub.StartAsync("one", "1");
        var pending = await Should.ThrowAsync<RpcException>(() => Hub.StartAsync("one"));
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Activity(0), Actions.Complete("\"first\""));
        var awaiting = await Should.ThrowAsync<RpcException>(() => Hub.StartAsync("one"));
        await Hub.AnswerAsync(await Hub.NextActivityAsync());
        await Hub.StartAsync("one", "2");

        pending.StatusCode.ShouldBe(StatusCode.AlreadyExists);
        pending.Status.Detail.ShouldBe("an active workflow with ID 'one' already exists");
        awaiting.Status.Detail.ShouldContain("already awaiting an activity result");
        var again = await Hub.NextTurnAsync();
        again.PastEvents.ShouldBeEmpty();
        again.NewEvents[1].ExecutionStarted.Input.ShouldBe("2");
        (await Hub.StateAsync("one"))!.Output.ShouldBeNull();
    }

    [Fact]
    public async Task Only_what_has_ended_is_purged_unless_forced()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Activity(0));
        var activity = await Hub.NextActivityAsync();

        (await Should.ThrowAsync<RpcException>(() => PurgeAsync("one"))).Status.Detail.ShouldContain("has not yet completed");
        (await PurgeAsync("one", force: true)).ShouldBe(1);
        await Hub.AnswerAsync(activity);
        await Hub.StartAsync("one");

        (await Hub.NextTurnAsync()).NewEvents.Kinds().ShouldBe(["WorkflowStarted", "ExecutionStarted"]);
    }

    [Fact]
    public async Task A_filter_purges_what_has_ended_and_matches_it()
    {
        foreach (var (id, status) in ((string, OrchestrationStatus)[])[("a", OrchestrationStatus.Completed), ("b", OrchestrationStatus.Failed)])
        {
            await Hub.StartAsync(id);
            await Hub.NextTurnAsync();
            await Hub.AnswerAsync(id, Actions.Complete(status: status));
            await Hub.CompletedAsync(id);
        }
        var between = Clock.GetUtcNow();
        Clock.Advance(TimeSpan.FromMinutes(1));
        await Hub.StartAsync("running");

        var none = new PurgeInstanceFilter { CreatedTimeFrom = Clock.GetUtcNow().ToTimestamp() };
        var failed = new PurgeInstanceFilter { CreatedTimeTo = between.ToTimestamp(), RuntimeStatus = { OrchestrationStatus.Failed } };

        (await PurgeAsync(none)).ShouldBe(0);
        (await PurgeAsync(failed)).ShouldBe(1);
        (await PurgeAsync(new PurgeInstanceFilter())).ShouldBe(1);
        (await ListAsync()).ShouldBe(["running"]);
    }

    [Fact]
    public async Task Ids_are_listed_in_pages()
    {
        foreach (var id in (string[])["c", "a", "d", "b", "e"])
            await Hub.StartAsync(id);

        (await ListAsync(pageSize: 2)).ShouldBe(["a", "b", "c", "d", "e"]);
        (await ListAsync()).ShouldBe(["a", "b", "c", "d", "e"]);
    }

    [Fact]
    public async Task A_rerun_takes_an_action_once_more_and_keeps_what_came_before()
    {
        await Hub.StartAsync("one", "\"in\"");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Activity(0, input: "\"zero\""));
        await Hub.AnswerAsync(await Hub.NextActivityAsync(), "\"0\"");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Activity(1, input: "\"old\""));
        await Hub.AnswerAsync(await Hub.NextActivityAsync(), "\"1\"");
        await Hub.NextTurnAsync();
        var active = await Should.ThrowAsync<RpcException>(() => RerunAsync("one", 1, "two"));
        await Hub.AnswerAsync("one", Actions.Complete());

        (await RerunAsync("one", 1, "two", "\"new\"")).ShouldBe("two");

        var activity = await Hub.NextActivityAsync();
        (activity.WorkflowInstance.InstanceId, activity.TaskId, activity.Input).ShouldBe(("two", 1, "\"new\""));
        await Hub.AnswerAsync(activity, "\"again\"");
        var turn = await Hub.NextTurnAsync();
        turn.PastEvents.Kinds().ShouldBe(
            ["WorkflowStarted", "ExecutionStarted", "TaskScheduled", "WorkflowStarted", "TaskCompleted", "TaskScheduled"]);
        turn.PastEvents[1].ExecutionStarted.WorkflowInstance.InstanceId.ShouldBe("two");
        turn.PastEvents[5].TaskScheduled.RerunParentInstanceInfo.InstanceID.ShouldBe("one");
        turn.NewEvents[1].TaskCompleted.Result.ShouldBe("\"again\"");
        active.StatusCode.ShouldBe(StatusCode.InvalidArgument);
        (await Should.ThrowAsync<RpcException>(() => RerunAsync("one", 1, "two"))).StatusCode.ShouldBe(StatusCode.AlreadyExists);
        (await Should.ThrowAsync<RpcException>(() => RerunAsync("one", 99, "three"))).StatusCode.ShouldBe(StatusCode.InvalidArgument);
        (await Should.ThrowAsync<RpcException>(() => RerunAsync("none", 1, "three"))).StatusCode.ShouldBe(StatusCode.NotFound);
    }

    [Fact]
    public async Task A_message_beyond_the_limit_is_refused()
    {
        var tooLarge = await Should.ThrowAsync<RpcException>(() => Hub.StartAsync("one", new string('x', 5 << 20)));

        tooLarge.StatusCode.ShouldBe(StatusCode.ResourceExhausted);
        await Hub.StartAsync("one", new string('x', 3 << 20));
        (await Hub.NextTurnAsync()).NewEvents[1].ExecutionStarted.Input.Length.ShouldBe(3 << 20);
    }

    private async Task StartLaterAsync(string id, TimeSpan delay) => await Hub.Client.StartInstanceAsync(
        new CreateInstanceRequest { InstanceId = id, Name = "Work", Input = "7", ScheduledStartTimestamp = (Clock.GetUtcNow() + delay).ToTimestamp() }, Hub.Options);

    private async Task<int> PurgeAsync(string id, bool force = false) =>
        (await Hub.Client.PurgeInstancesAsync(new PurgeInstancesRequest { InstanceId = id, Force = force }, Hub.Options)).DeletedInstanceCount;

    private async Task<int> PurgeAsync(PurgeInstanceFilter filter) =>
        (await Hub.Client.PurgeInstancesAsync(new PurgeInstancesRequest { PurgeInstanceFilter = filter }, Hub.Options)).DeletedInstanceCount;

    private async Task<string> RerunAsync(string source, uint eventId, string id, string? input = null)
    {
        var request = new RerunWorkflowFromEventRequest { SourceInstanceID = source, EventID = eventId, NewInstanceID = id, Input = input, OverwriteInput = input is not null };
        return (await Hub.Client.RerunWorkflowFromEventAsync(request, Hub.Options)).NewInstanceID;
    }

    private async Task<List<string>> ListAsync(uint? pageSize = null)
    {
        var request = new ListInstanceIDsRequest();
        if (pageSize is { } size)
            request.PageSize = size;
        var all = new List<string>();
        while (true)
        {
            var page = await Hub.Client.ListInstanceIDsAsync(request, Hub.Options);
            all.AddRange(page.InstanceIds);
            if (!page.HasContinuationToken)
                return all;
            request.ContinuationToken = page.ContinuationToken;
        }
    }
}
