using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>Turns, activities, events and timers, as a worker sees them on the wire.</summary>
public sealed class TurnTests : WorkflowTest
{
    [Fact]
    public async Task The_first_turn_tells_that_it_started_and_with_what()
    {
        await Hub.StartAsync("one", "\"in\"");

        var turn = await Hub.NextTurnAsync();
        turn.PastEvents.ShouldBeEmpty();
        turn.NewEvents.Kinds().ShouldBe(["WorkflowStarted", "ExecutionStarted"]);
        turn.NewEvents.ShouldAllBe(happened => happened.EventId == -1);
        var started = turn.NewEvents[1].ExecutionStarted;
        (started.Name, started.Input, started.WorkflowInstance.InstanceId).ShouldBe(("Work", "\"in\"", "one"));
        started.WorkflowInstance.ExecutionId.ShouldBe(turn.ExecutionId);
        turn.ExecutionId.ShouldNotBeNullOrEmpty();
        (await Hub.StateAsync("one"))!.WorkflowStatus.ShouldBe(OrchestrationStatus.Pending);

        await Hub.AnswerAsync("one", Actions.Complete("\"out\""));
        var state = await Hub.CompletedAsync("one");
        (state.WorkflowStatus, state.Input, state.Output, state.Name).ShouldBe((OrchestrationStatus.Completed, "\"in\"", "\"out\"", "Work"));
    }

    [Fact]
    public async Task An_activityRuns_between_two_turns()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Activity(0, "Charge", "5"));

        var activity = await Hub.NextActivityAsync();
        (activity.Name, activity.Input, activity.TaskId, activity.TaskExecutionId).ShouldBe(("Charge", "5", 0, "execution-0"));
        await Hub.AnswerAsync(activity, "\"paid\"");

        var second = await Hub.NextTurnAsync();
        second.PastEvents.Kinds().ShouldBe(["WorkflowStarted", "ExecutionStarted", "TaskScheduled"]);
        second.NewEvents.Kinds().ShouldBe(["WorkflowStarted", "TaskCompleted"]);
        var completed = second.NewEvents[1].TaskCompleted;
        (completed.TaskScheduledId, completed.Result, completed.TaskExecutionId).ShouldBe((0, "\"paid\"", "execution-0"));
        await Hub.AnswerAsync("one", Actions.Complete());
        (await Hub.HistoryAsync("one")).Kinds().ShouldBe(
            ["WorkflowStarted", "ExecutionStarted", "TaskScheduled", "WorkflowStarted", "TaskCompleted", "ExecutionCompleted"]);
    }

    [Fact]
    public async Task Only_one_turn_of_an_instance_is_under_way_and_what_arrives_meanwhile_comes_with_the_next()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.RaiseAsync("one", "a", "1");
        await Hub.RaiseAsync("one", "b", "2");
        await Hub.StartAsync("two");

        (await Hub.NextTurnAsync()).InstanceId.ShouldBe("two");
        await Hub.AnswerAsync("one");
        var next = await Hub.NextTurnAsync();

        next.InstanceId.ShouldBe("one");
        next.NewEvents.Skip(1).Select(happened => happened.EventRaised.Name).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task A_timer_fires_when_it_is_due_and_not_a_moment_before()
    {
        var due = Clock.GetUtcNow() + TimeSpan.FromHours(3) + TimeSpan.FromTicks(5_001);
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Timer(7, due));
        var next = Hub.NextTurnAsync();

        for (var hour = 0; hour < 3; hour++)
            Clock.Advance(TimeSpan.FromHours(1));
        // A minute would not be waited for, and the rest of a millisecond is.
        (await Hub.StateAsync("one"))!.WorkflowStatus.ShouldBe(OrchestrationStatus.Running);
        next.IsCompleted.ShouldBeFalse();
        Clock.Advance(TimeSpan.FromMilliseconds(1));

        var fired = (await next).NewEvents[1];
        fired.TimerFired.TimerId.ShouldBe(7);
        fired.TimerFired.FireAt.ToDateTimeOffset().ShouldBe(due);
        fired.Timestamp.ToDateTimeOffset().ShouldBe(Clock.GetUtcNow());
    }

    [Fact]
    public async Task A_timer_of_the_past_fires_at_once_and_one_at_the_end_of_time_never()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync(
            "one",
            new WorkflowAction { Id = 0, CreateTimer = new CreateTimerAction { FireAt = new() { Seconds = 253_402_300_799, Nanos = 999_999_999 } } },
            Actions.Timer(1, Clock.GetUtcNow() - TimeSpan.FromDays(1)));

        (await Hub.NextTurnAsync()).NewEvents.Single(happened => happened.TimerFired is not null).TimerFired.TimerId.ShouldBe(1);
    }

    [Fact]
    public async Task A_worker_that_leaves_gives_its_work_back_within_a_second()
    {
        await using var second = await TaskHubLink.ConnectAsync(Run);
        await Hub.StartAsync("one");
        var turns = await Task.WhenAny(Hub.NextTurnAsync(), second.NextTurnAsync());
        (await turns).InstanceId.ShouldBe("one");
        await Hub.LeaveAsync();
        await second.LeaveAsync();
        await using var third = await TaskHubLink.ConnectAsync(Run);
        var next = third.NextTurnAsync();

        await Poll.Until(
            () =>
            {
                Clock.Advance(TimeSpan.FromSeconds(1));
                return next.IsCompleted;
            },
            "the turn to come again");

        (await next).InstanceId.ShouldBe("one");
        await third.AnswerAsync("one", Actions.Complete());
        (await third.CompletedAsync("one")).WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
    }

    [Fact]
    public async Task An_answer_counts_once_and_one_with_another_token_not_at_all()
    {
        await Hub.StartAsync("one");
        var item = await Hub.NextAsync();
        item.CompletionToken.ShouldNotBeEmpty();
        var answer = new WorkflowResponse { InstanceId = "one", Actions = { Actions.Activity(0) }, CompletionToken = "another" };
        await Hub.Client.CompleteWorkflowTaskAsync(answer, Hub.Options);
        (await Hub.StateAsync("one"))!.WorkflowStatus.ShouldBe(OrchestrationStatus.Pending);
        answer.CompletionToken = item.CompletionToken;
        await Hub.Client.CompleteWorkflowTaskAsync(answer, Hub.Options);
        await Hub.Client.CompleteWorkflowTaskAsync(answer, Hub.Options);

        var activity = await Hub.NextActivityAsync();
        await Hub.AnswerAsync(activity, "1");
        await Hub.AnswerAsync(activity, "2");
        (await Hub.NextTurnAsync()).NewEvents.Skip(1).Single().TaskCompleted.Result.ShouldBe("1");
        await Hub.AnswerAsync("one", Actions.Complete());
        await Hub.AnswerAsync(activity, "3");
        await Hub.AnswerAsync("never-heard-of");

        (await Hub.HistoryAsync("one")).Count(happened => happened.TaskCompleted is not null).ShouldBe(1);
    }

    [Fact]
    public async Task An_activity_that_fails_tells_why()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Activity(3));
        var activity = await Hub.NextActivityAsync();
        var details = new TaskFailureDetails
        {
            ErrorType = "Declined",
            ErrorMessage = "no funds",
            StackTrace = "at",
            IsNonRetriable = true,
            InnerFailure = new TaskFailureDetails { ErrorType = "Inner" },
        };
        await Hub.Client.CompleteActivityTaskAsync(
            new ActivityResponse { InstanceId = "one", TaskId = activity.TaskId, FailureDetails = details }, Hub.Options);

        var failed = (await Hub.NextTurnAsync()).NewEvents[1].TaskFailed;
        (failed.TaskScheduledId, failed.FailureDetails).ShouldBe((3, details));
    }

    [Fact]
    public async Task Actions_come_in_any_order_and_a_repeated_one_is_taken_once()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Activity(2), Actions.Activity(1));
        ActivityRequest[] first = [await Hub.NextActivityAsync(), await Hub.NextActivityAsync()];
        await Hub.RaiseAsync("one", "e");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Activity(1), Actions.Activity(2), Actions.Activity(3), Actions.Activity(3));
        var third = await Hub.NextActivityAsync();
        await Hub.RaiseAsync("one", "e");

        first.Select(activity => activity.TaskId).ShouldBe([2, 1]);
        third.TaskId.ShouldBe(3);
        (await Hub.NextTurnAsync()).PastEvents.Count(happened => happened.TaskScheduled is not null).ShouldBe(3);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(9)]
    public async Task A_completion_may_carry_any_id_and_the_first_one_counts(int id)
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();

        await Hub.AnswerAsync("one", Actions.Complete("1", id: id), Actions.ContinueAsNew("2"), Actions.Complete("3", OrchestrationStatus.Failed));

        var state = await Hub.CompletedAsync("one");
        (state.WorkflowStatus, state.Output).ShouldBe((OrchestrationStatus.Completed, "1"));
        (await Hub.HistoryAsync("one"))[^1].EventId.ShouldBe(id);
    }

    [Fact]
    public async Task An_action_nobody_knows_fails_the_workflow_and_leaves_nothing_behind()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.Activity(0), new WorkflowAction { Id = 1 });

        var state = await Hub.CompletedAsync("one");
        (state.WorkflowStatus, state.FailureDetails.ErrorType).ShouldBe((OrchestrationStatus.Failed, "UnsupportedWorkflowAction"));
        (await Hub.HistoryAsync("one")).Kinds().ShouldNotContain("TaskScheduled");
    }

    [Fact]
    public async Task Work_for_another_app_fails_with_a_reason()
    {
        var elsewhere = new TaskRouter { SourceAppID = "host", TargetAppID = "voice" };
        var activity = Actions.Activity(0);
        activity.ScheduleTask.Router = elsewhere;
        var child = Actions.Child(1);
        child.Router = elsewhere;
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", activity, child);

        var news = (await Hub.NextTurnAsync()).NewEvents;
        news[1].TaskFailed.FailureDetails.ErrorMessage.ShouldContain("'voice'");
        news[2].ChildWorkflowInstanceFailed.FailureDetails.ErrorType.ShouldBe("UnsupportedTargetApp");
    }

    [Fact]
    public async Task A_custom_status_is_replaced_by_every_turn()
    {
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.Client.CompleteOrchestratorTaskAsync(new WorkflowResponse { InstanceId = "one", CustomStatus = "\"busy\"" }, Hub.Options);
        var busy = await Hub.StateAsync("one");
        await Hub.RaiseAsync("one", "e");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one");

        busy!.CustomStatus.ShouldBe("\"busy\"");
        (await Hub.StateAsync("one"))!.CustomStatus.ShouldBeNull();
        (await Hub.Client.GetInstanceAsync(new GetInstanceRequest { InstanceId = "one" }, Hub.Options)).WorkflowState.Input.ShouldBeNull();
    }

    [Fact]
    public async Task An_instance_sends_events_to_another_and_to_itself_and_ends_another()
    {
        await Hub.StartAsync("two");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("two");
        await Hub.StartAsync("one");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync(
            "one", Actions.Send(0, "two", "hello", "1"), Actions.Send(1, "one", "self"), Actions.Send(2, "nobody", "lost"),
            new WorkflowAction { Id = 3, TerminateWorkflow = new TerminateWorkflowAction { InstanceId = "two", Reason = "enough" } });

        WorkflowRequest[] turns = [await Hub.NextTurnAsync(), await Hub.NextTurnAsync()];
        var two = turns.Single(turn => turn.InstanceId == "two").NewEvents;
        (two[1].EventRaised.Name, two[1].EventRaised.Input, two[2].ExecutionTerminated.Input).ShouldBe(("hello", "1", "enough"));
        turns.Single(turn => turn.InstanceId == "one").NewEvents[1].EventRaised.Name.ShouldBe("self");
        (await Hub.HistoryAsync("one")).Count(happened => happened.EventSent is not null).ShouldBe(3);
    }

    [Fact]
    public async Task Two_workers_share_the_work_of_one_app()
    {
        await using var second = await TaskHubLink.ConnectAsync(Run);
        var gate = new TaskCompletionSource();
        _ = Hub.ServeAsync(Turn, Activity);
        _ = second.ServeAsync(Turn, Activity);
        await Hub.StartAsync("one");
        await Poll.Until(() => Ran(Hub) + Ran(second) == 40, "all activities to be under way at once");
        gate.SetResult();

        (await Hub.CompletedAsync("one")).WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
        Ran(Hub).ShouldBeInRange(19, 21);

        static int Ran(TaskHubLink hub) => hub.Seen.Count(item => item.ActivityRequest is not null);

        static IEnumerable<WorkflowAction> Turn(WorkflowRequest request) => request switch
        {
            _ when request.PastEvents.Count == 0 => Enumerable.Range(0, 40).Select(id => Actions.Activity(id)),
            _ when request.History().Count(happened => happened.TaskCompleted is not null) == 40 => [Actions.Complete()],
            _ => [],
        };

        async Task<string?> Activity(ActivityRequest request)
        {
            await gate.Task;
            return "1";
        }
    }
}
