using Grpc.Core;
using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.TaskHub;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>Turns, activities, events and timers, as a worker sees them on the wire.</summary>
public sealed class TurnTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly DaprRun _run;
    private TaskHubLink _hub = null!;

    public TurnTests() => _run = new DaprRun { Clock = _clock };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(DaprRun.IsReal, "Time of a real daprd cannot be set.");
        await _run.WithApp("host").StartAsync();
        _hub = await TaskHubLink.ConnectAsync(_run);
    }

    public async ValueTask DisposeAsync()
    {
        if (_hub is not null)
            await _hub.DisposeAsync();
        await _run.DisposeAsync();
    }

    [Fact]
    public async Task The_first_turn_tells_that_it_started_and_with_what()
    {
        await _hub.StartAsync("one", "\"in\"");

        var turn = await _hub.NextTurnAsync();
        turn.PastEvents.ShouldBeEmpty();
        turn.NewEvents.Kinds().ShouldBe(["WorkflowStarted", "ExecutionStarted"]);
        turn.NewEvents.ShouldAllBe(happened => happened.EventId == -1);
        var started = turn.NewEvents[1].ExecutionStarted;
        (started.Name, started.Input, started.WorkflowInstance.InstanceId).ShouldBe(("Work", "\"in\"", "one"));
        started.WorkflowInstance.ExecutionId.ShouldBe(turn.ExecutionId);
        turn.ExecutionId.ShouldNotBeNullOrEmpty();
        (await _hub.StateAsync("one"))!.WorkflowStatus.ShouldBe(OrchestrationStatus.Pending);

        await _hub.AnswerAsync("one", Actions.Complete("\"out\""));
        var state = await _hub.CompletedAsync("one");
        (state.WorkflowStatus, state.Input, state.Output, state.Name).ShouldBe((OrchestrationStatus.Completed, "\"in\"", "\"out\"", "Work"));
    }

    [Fact]
    public async Task An_activity_runs_between_two_turns()
    {
        await _hub.StartAsync("one");
        await _hub.NextTurnAsync();
        await _hub.AnswerAsync("one", Actions.Activity(0, "Charge", "5"));

        var activity = await _hub.NextActivityAsync();
        (activity.Name, activity.Input, activity.TaskId, activity.TaskExecutionId).ShouldBe(("Charge", "5", 0, "execution-0"));
        await _hub.AnswerAsync(activity, "\"paid\"");

        var second = await _hub.NextTurnAsync();
        second.PastEvents.Kinds().ShouldBe(["WorkflowStarted", "ExecutionStarted", "TaskScheduled"]);
        second.NewEvents.Kinds().ShouldBe(["WorkflowStarted", "TaskCompleted"]);
        var completed = second.NewEvents[1].TaskCompleted;
        (completed.TaskScheduledId, completed.Result, completed.TaskExecutionId).ShouldBe((0, "\"paid\"", "execution-0"));
        await _hub.AnswerAsync("one", Actions.Complete());
        (await _hub.HistoryAsync("one")).Kinds().ShouldBe(
            ["WorkflowStarted", "ExecutionStarted", "TaskScheduled", "WorkflowStarted", "TaskCompleted", "ExecutionCompleted"]);
    }

    [Fact]
    public async Task Only_one_turn_of_an_instance_is_under_way_and_what_arrives_meanwhile_comes_with_the_next()
    {
        await _hub.StartAsync("one");
        await _hub.NextTurnAsync();
        await _hub.RaiseAsync("one", "a", "1");
        await _hub.RaiseAsync("one", "b", "2");
        await _hub.StartAsync("two");

        (await _hub.NextTurnAsync()).InstanceId.ShouldBe("two");
        await _hub.AnswerAsync("one");
        var next = await _hub.NextTurnAsync();

        next.InstanceId.ShouldBe("one");
        next.NewEvents.Skip(1).Select(happened => happened.EventRaised.Name).ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task A_timer_fires_when_it_is_due_and_not_a_moment_before()
    {
        var due = _clock.GetUtcNow() + TimeSpan.FromHours(3) + TimeSpan.FromTicks(5_001);
        await _hub.StartAsync("one");
        await _hub.NextTurnAsync();
        await _hub.AnswerAsync("one", Actions.Timer(7, due));
        var next = _hub.NextTurnAsync();

        for (var hour = 0; hour < 3; hour++)
            _clock.Advance(TimeSpan.FromHours(1));
        // A minute would not be waited for, and the rest of a millisecond is.
        (await _hub.StateAsync("one"))!.WorkflowStatus.ShouldBe(OrchestrationStatus.Running);
        next.IsCompleted.ShouldBeFalse();
        _clock.Advance(TimeSpan.FromMilliseconds(1));

        var fired = (await next).NewEvents[1];
        fired.TimerFired.TimerId.ShouldBe(7);
        fired.TimerFired.FireAt.ToDateTimeOffset().ShouldBe(due);
        fired.Timestamp.ToDateTimeOffset().ShouldBe(_clock.GetUtcNow());
    }

    [Fact]
    public async Task A_timer_of_the_past_fires_at_once_and_one_at_the_end_of_time_never()
    {
        await _hub.StartAsync("one");
        await _hub.NextTurnAsync();
        await _hub.AnswerAsync(
            "one",
            new WorkflowAction { Id = 0, CreateTimer = new CreateTimerAction { FireAt = new() { Seconds = 253_402_300_799, Nanos = 999_999_999 } } },
            Actions.Timer(1, _clock.GetUtcNow() - TimeSpan.FromDays(1)));

        (await _hub.NextTurnAsync()).NewEvents.Single(happened => happened.TimerFired is not null).TimerFired.TimerId.ShouldBe(1);
    }

    [Fact]
    public async Task A_worker_that_leaves_gives_its_work_back_within_a_second()
    {
        await using var second = await TaskHubLink.ConnectAsync(_run);
        await _hub.StartAsync("one");
        var turns = await Task.WhenAny(_hub.NextTurnAsync(), second.NextTurnAsync());
        (await turns).InstanceId.ShouldBe("one");
        await _hub.LeaveAsync();
        await second.LeaveAsync();
        await using var third = await TaskHubLink.ConnectAsync(_run);
        var next = third.NextTurnAsync();

        await Poll.Until(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return next.IsCompleted;
            },
            "the turn to come again");

        (await next).InstanceId.ShouldBe("one");
        await third.AnswerAsync("one", Actions.Complete());
        (await third.CompletedAsync("one")).WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
    }

    [Fact]
    public async Task A_missing_instance_is_missing()
    {
        (await _hub.Client.GetInstanceAsync(new GetInstanceRequest { InstanceId = "none" }, _hub.Options)).Exists.ShouldBeFalse();
        var raise = await Should.ThrowAsync<RpcException>(() => _hub.RaiseAsync("none", "a"));
        raise.Status.Detail.ShouldContain("no such instance exists");
        _ = Cancel;
    }
}
