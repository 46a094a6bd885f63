using Dapr.Workflow;
using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Harness;

namespace KestrelVoice.Workflow.Tests.Worker;

public sealed class RetryTests
{
    [Fact]
    public void Pauses_grow_up_to_the_longest_and_attempts_end()
    {
        var policy = new WorkflowRetryPolicy(5, TimeSpan.FromSeconds(1), 3, TimeSpan.FromSeconds(5));
        var order = Instance.Of(context => context.CallActivityAsync<string>("A", "in", new(policy)));
        var first = order.Take().ShouldHaveSingleItem();
        var pauses = new List<TimeSpan>();

        for (var step = 0; order.Outcome is null; step += 2)
        {
            if (order.Take(Happened.Failed(step)) is not [{ CreateTimer: { } timer, Id: var id }])
                break;
            id.ShouldBe(step + 1);
            timer.ActivityRetry.TaskExecutionId.ShouldBe(first.ScheduleTask.TaskExecutionId);
            timer.HasName.ShouldBeFalse();
            pauses.Add(timer.FireAt.ToDateTime() - order.Now);
            order.Now = timer.FireAt.ToDateTime();
            var next = order.Take(Happened.Fired(id)).ShouldHaveSingleItem();
            next.ScheduleTask.Input.ShouldBe("\"in\"");
            next.ScheduleTask.TaskExecutionId.ShouldNotBe(first.ScheduleTask.TaskExecutionId);
        }

        pauses.Select(pause => pause.TotalSeconds).ShouldBe([1, 3, 5, 5]);
        order.Outcome!.FailureDetails.InnerFailure.ErrorType.ShouldBe("System.TimeoutException");
        order.Outcome.FailureDetails.ErrorMessage.ShouldContain("'A'");
    }

    [Fact]
    public void An_attempt_that_succeeds_is_the_last()
    {
        var order = Instance.Of(context => context.CallActivityAsync<int>("A", options: new(new(3, TimeSpan.FromSeconds(1)))));
        order.Take();
        order.Take(Happened.Failed(0));
        order.Take(Happened.Fired(1));

        order.Take(Happened.Completed(2, "7"));

        order.Outcome!.Result.ShouldBe("7");
    }

    [Fact]
    public void What_cannot_be_retried_is_not()
    {
        var order = Instance.Of(context => context.CallActivityAsync<int>("A", options: new(new(3, TimeSpan.FromSeconds(1)))));
        order.Take();

        order.Take(Happened.Failed(0, isNonRetriable: true));

        order.Outcome!.WorkflowStatus.ShouldBe(OrchestrationStatus.Failed);
    }

    [Fact]
    public void No_attempt_begins_after_the_time_is_up()
    {
        var order = Instance.Of(context => context.CallActivityAsync<int>("A", options: new(new(100, TimeSpan.FromSeconds(10), retryTimeout: TimeSpan.FromSeconds(15)))));
        order.Take();
        order.Take(Happened.Failed(0));
        order.Now = Happened.Noon.AddSeconds(10);
        order.Take(Happened.Fired(1)).ShouldHaveSingleItem();

        order.Now = Happened.Noon.AddSeconds(15);
        order.Take(Happened.Failed(2));

        order.Outcome!.WorkflowStatus.ShouldBe(OrchestrationStatus.Failed);
    }

    [Fact]
    public void A_pause_is_not_begun_again_by_a_worker_that_starts_in_the_middle_of_it()
    {
        var order = Instance.Of(context => context.CallActivityAsync<int>("A", options: new(new(3, TimeSpan.FromHours(1)))));
        order.Take();
        order.Take(Happened.Failed(0));

        order.Now = Happened.Noon.AddMinutes(30);
        order.Take(Happened.Raised("something else")).ShouldBeEmpty();
    }

    [Fact]
    public void Child_workflows_are_retried_under_their_own_id_or_a_new_one()
    {
        var retry = new WorkflowRetryPolicy(2, TimeSpan.FromSeconds(1));
        var order = Instance.Of(async context =>
        {
            await Task.WhenAll(
                context.CallChildWorkflowAsync<string>("C", options: new("chosen", retry)),
                context.CallChildWorkflowAsync<string>("C", options: new(RetryPolicy: retry)));
            return "";
        });
        var first = order.Take();
        var made = first[1].CreateChildWorkflow.InstanceId;
        first[0].CreateChildWorkflow.InstanceId.ShouldBe("chosen");
        var timers = order.Take(Happened.ChildFailed(0, new() { ErrorType = "E" }), Happened.ChildFailed(1, new() { ErrorType = "E" }));
        timers.Select(timer => timer.CreateTimer.ChildWorkflowRetry.InstanceId).ShouldBe(["chosen", made]);

        var second = order.Take(Happened.Fired(2), Happened.Fired(3));

        second[0].CreateChildWorkflow.InstanceId.ShouldBe("chosen");
        second[1].CreateChildWorkflow.InstanceId.ShouldNotBe(made);
    }

    [Fact]
    public void A_child_that_was_terminated_fails_though_nobody_says_why()
    {
        var order = Instance.Of(context => context.CallChildWorkflowAsync<string>("C"));
        order.Take();

        order.Take(Happened.ChildFailed(0, null));

        order.Outcome!.FailureDetails.InnerFailure.ErrorMessage.ShouldBe("It was terminated.");
    }

    [Theory]
    [InlineData(0, 1, 1, null, null)]
    [InlineData(1, 0, 1, null, null)]
    [InlineData(1, 1, 0.9, null, null)]
    [InlineData(1, 1, double.NaN, null, null)]
    [InlineData(1, 2, 1, 1, null)]
    [InlineData(1, 3601, 1, null, null)]
    [InlineData(1, 2, 1, null, 1)]
    public void Policies_without_sense_are_refused(int attempts, int first, double coefficient, int? max, int? timeout) =>
        Should.Throw<ArgumentOutOfRangeException>(() => new WorkflowRetryPolicy(
            attempts, TimeSpan.FromSeconds(first), coefficient, Seconds(max), Seconds(timeout)));

    [Fact]
    public void Without_a_longest_pause_they_grow_without_end_and_do_not_overflow()
    {
        var policy = new WorkflowRetryPolicy(10_000, TimeSpan.FromMinutes(59), 10);

        policy.MaxRetryInterval.ShouldBeNull();
        policy.RetryTimeout.ShouldBe(Timeout.InfiniteTimeSpan);
        policy.PauseAfter(2, TimeSpan.Zero).ShouldBe(TimeSpan.FromMinutes(590));
        policy.PauseAfter(9_999, TimeSpan.Zero).ShouldBe(TimeSpan.MaxValue);
        policy.PauseAfter(10_000, TimeSpan.Zero).ShouldBeNull();
    }

    private static TimeSpan? Seconds(int? seconds) => seconds is { } value ? TimeSpan.FromSeconds(value) : null;
}
