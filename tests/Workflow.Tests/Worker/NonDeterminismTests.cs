using Dapr.Workflow;
using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Harness;

namespace KestrelVoice.Workflow.Tests.Worker;

public sealed class NonDeterminismTests
{
    [Fact]
    public void Another_activity_than_the_one_of_history_is_told_by_number_and_name() => Told(
        context => context.CallActivityAsync("Charge"),
        Happened.ActivityScheduled(0, "Refund"),
        "Step 0 was activity 'Refund' according to history, but the code asked for activity 'Charge'.");

    [Fact]
    public void Another_kind_of_step_is_told() => Told(
        context => context.CreateTimer(TimeSpan.FromHours(1)),
        Happened.ChildCreated(0, "Child"),
        "Step 0 was child workflow 'Child' according to history, but the code asked for a timer.");

    [Fact]
    public void A_step_that_is_not_taken_any_more_is_told() => Told(
        context => context.WaitForExternalEventAsync<string>("e"),
        Happened.TimerCreated(0, Happened.Noon),
        "Step 0 was a timer according to history, but the code did not ask for that.");

    [Fact]
    public void A_step_that_is_missing_after_the_end_is_told() => Told(
        _ => Task.CompletedTask,
        Happened.ActivityScheduled(0, "Refund"),
        "Step 0 was activity 'Refund' according to history, but the code did not ask for that.");

    [Fact]
    public void A_step_that_code_cannot_send_any_more_is_told() => Told(
        _ => Task.CompletedTask,
        new HistoryEvent { EventId = 0, EventSent = new() { Name = "e", InstanceId = "other" } },
        "Step 0 was an event sent according to history, but the code did not ask for that.");

    [Fact]
    public void Code_that_catches_everything_does_not_hide_it()
    {
        var order = Instance.Of(async context =>
        {
            try
            {
                await context.CallActivityAsync("Changed");
            }
            catch (Exception)
            {
                await context.CallActivityAsync("Other");
            }
            return "";
        }).After(
            Happened.TurnStarted(), Happened.Suspended(), Happened.Started("Order"), Happened.ActivityScheduled(0, "A"), Happened.Completed(0));

        Failure(order.Take(Happened.Resumed())).ErrorType.ShouldBe("NonDeterminismError");
    }

    [Fact]
    public void It_is_told_when_a_suspended_instance_is_resumed()
    {
        var order = Instance.Of(context => context.CallActivityAsync<string>("B"))
            .After(Happened.TurnStarted(), Happened.Started("Order"), Happened.Suspended(), Happened.ActivityScheduled(0, "A"));

        order.Take().ShouldBeEmpty();

        Failure(order.Take(Happened.Resumed())).ErrorType.ShouldBe("NonDeterminismError");
    }

    [Fact]
    public void It_can_neither_be_retried_nor_does_it_ask_for_anything_else()
    {
        var order = Instance.Of(async context =>
        {
            _ = context.CallActivityAsync("B");
            await context.CallActivityAsync("C");
            return "";
        }).After(Happened.TurnStarted(), Happened.Started("Order"), Happened.ActivityScheduled(0, "A"));

        var failure = Failure(order.Take());

        failure.IsNonRetriable.ShouldBeTrue();
        failure.ErrorMessage.ShouldContain("IsPatched");
    }

    [Fact]
    public void Code_that_waits_for_what_no_history_brings_is_told()
    {
        var order = Instance.Of(async _ =>
        {
            await new TaskCompletionSource().Task;
            return "";
        });

        Failure(order.Take()).ErrorMessage.ShouldContain("its context did not give it");
    }

    [Fact]
    public async Task A_context_that_is_used_from_elsewhere_refuses()
    {
        var refusals = new TaskCompletionSource<Exception>();
        var order = Instance.Of(async context =>
        {
            // Off the workflow's thread, as any delay, lock or request would lead.
            await Task.Yield();
            refusals.SetResult(await Should.ThrowAsync<InvalidOperationException>(context.CallActivityAsync("A")));
            return "";
        });

        Failure(order.Take()).ErrorType.ShouldBe("NonDeterminismError");
        (await refusals.Task).Message.ShouldContain("context");
    }

    [Fact]
    public void A_context_is_of_no_use_after_its_turn()
    {
        WorkflowContext? kept = null;
        var order = Instance.Of(context =>
        {
            kept = context;
            return context.WaitForExternalEventAsync<string>("e");
        });
        order.Take();

        Should.Throw<InvalidOperationException>(() => kept!.NewGuid());
        Should.Throw<InvalidOperationException>(() => kept!.SetCustomStatus("late"));
    }

    private static void Told(Func<WorkflowContext, Task> code, HistoryEvent recorded, string expected)
    {
        var order = Instance.Of(async context =>
        {
            await code(context);
            return "";
        }).After(Happened.TurnStarted(), Happened.Started("Order"), recorded);

        Failure(order.Take()).ErrorMessage.ShouldStartWith(expected);
    }

    private static TaskFailureDetails Failure(IReadOnlyList<WorkflowAction> actions)
    {
        var ended = actions.ShouldHaveSingleItem().CompleteWorkflow;
        ended.WorkflowStatus.ShouldBe(OrchestrationStatus.Failed);
        return ended.FailureDetails;
    }
}
