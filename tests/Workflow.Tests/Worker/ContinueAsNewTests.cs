using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Harness;

namespace KestrelVoice.Workflow.Tests.Worker;

public sealed class ContinueAsNewTests
{
    [Fact]
    public void A_new_run_begins_with_the_new_input_and_step_0()
    {
        var order = Instance.Of<int, int>(async (context, round) =>
        {
            await context.CallActivityAsync("A", round);
            if (round < 3)
                context.ContinueAsNew(round + 1);
            return round;
        }, 1);

        for (var round = 1; round <= 3; round++)
        {
            var step = order.Take().ShouldHaveSingleItem();
            (step.Id, step.ScheduleTask.Input).ShouldBe((0, $"{round}"));
            order.Take(Happened.Completed(0)).ShouldHaveSingleItem().CompleteWorkflow.ShouldNotBeNull();
        }

        order.Generation.ShouldBe(2);
        order.Outcome!.Result.ShouldBe("3");
    }

    [Fact]
    public void Events_that_nobody_waited_for_are_carried_over_once()
    {
        var seen = new List<string>();
        var order = Instance.Of(async context =>
        {
            var word = await context.WaitForExternalEventAsync<string>("e");
            if (!context.IsReplaying)
                seen.Add(word);
            if (word == "4")
                return "done";
            context.ContinueAsNew();
            return "";
        });

        // The first is taken, the second came before the end, the third after it in the same turn.
        var ended = order.Take(Happened.Raised("e", "\"1\""), Happened.Raised("E", "\"2\""), Happened.Raised("e", "\"3\"")).ShouldHaveSingleItem().CompleteWorkflow;
        ended.CarryoverEvents.Select(raised => (raised.EventId, raised.EventRaised.Input)).ShouldBe([(-1, "\"2\""), (-1, "\"3\"")]);
        order.Take();
        order.Take();
        order.Take(Happened.Fired(0)).ShouldBeEmpty();
        order.Take(Happened.Raised("e", "\"4\""));

        seen.ShouldBe(["1", "2", "3", "4"]);
        order.Outcome!.Result.ShouldBe("\"done\"");
    }

    [Fact]
    public void Events_are_dropped_where_that_was_asked_for()
    {
        var order = Instance.Of(async context =>
        {
            await context.CallActivityAsync("A");
            context.ContinueAsNew("again", preserveUnprocessedEvents: false);
            return "";
        });
        order.Take(Happened.Raised("e"));

        order.Take(Happened.Completed(0)).ShouldHaveSingleItem().CompleteWorkflow.CarryoverEvents.ShouldBeEmpty();
    }

    [Fact]
    public void Steps_begun_beside_it_are_not_asked_for()
    {
        var order = Instance.Of(context =>
        {
            _ = context.CallActivityAsync("A");
            context.SetCustomStatus("next");
            context.ContinueAsNew();
            return Task.FromResult("");
        });

        order.Take().ShouldHaveSingleItem().CompleteWorkflow.WorkflowStatus.ShouldBe(OrchestrationStatus.ContinuedAsNew);
        order.CustomStatus.ShouldBe("\"next\"");
    }

    [Fact]
    public void An_exception_after_it_fails_the_instance()
    {
        var order = Instance.Of<string>(context =>
        {
            context.ContinueAsNew();
            throw new InvalidOperationException();
        });

        order.Take();

        order.Outcome!.WorkflowStatus.ShouldBe(OrchestrationStatus.Failed);
    }

    [Fact]
    public void Ids_made_in_one_run_do_not_come_again_in_the_next()
    {
        var order = Instance.Of(async context =>
        {
            context.SetCustomStatus(context.NewGuid());
            await context.CallChildWorkflowAsync("C");
            context.ContinueAsNew();
            return "";
        });

        var firstChild = order.Take().Single().CreateChildWorkflow.InstanceId;
        var firstId = order.CustomStatus;
        order.Take(Happened.ChildCompleted(0));
        var secondChild = order.Take().Single().CreateChildWorkflow.InstanceId;

        secondChild.ShouldNotBe(firstChild);
        order.CustomStatus.ShouldNotBe(firstId);
    }

    [Fact]
    public void A_result_of_the_run_before_is_not_taken_for_one_of_this()
    {
        var order = Instance.Of<int, string>(async (context, round) =>
        {
            var result = await context.CallActivityAsync<string>("A");
            if (round == 1)
                context.ContinueAsNew(2);
            return result;
        }, 1);
        var late = Happened.Completed(0, "\"old\"");
        late.TaskCompleted.TaskExecutionId = order.Take().Single().ScheduleTask.TaskExecutionId;
        order.Take(late);
        var timely = Happened.Completed(0, "\"new\"");
        timely.TaskCompleted.TaskExecutionId = order.Take().Single().ScheduleTask.TaskExecutionId;

        order.Take(late).ShouldBeEmpty();
        order.Take(timely);

        order.Outcome!.Result.ShouldBe("\"new\"");
    }
}
