using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Harness;

namespace KestrelVoice.Workflow.Tests.Worker;

public sealed class SuspensionTests
{
    [Fact]
    public void Suspended_code_goes_on_only_when_it_is_resumed()
    {
        var order = TwoSteps();
        order.Take();
        order.Take(Happened.Suspended()).ShouldBeEmpty();

        order.Take(Happened.Completed(0, "\"1\"")).ShouldBeEmpty();

        order.CustomStatus.ShouldBe("\"begun\"");
        order.Take(Happened.Resumed()).ShouldHaveSingleItem().ScheduleTask.Name.ShouldBe("B");
    }

    [Fact]
    public void What_was_decided_just_before_the_suspension_is_asked_for_after_it()
    {
        var order = TwoSteps();
        order.Take();

        order.Take(Happened.Completed(0, "\"1\""), Happened.Suspended()).ShouldBeEmpty();

        order.Take(Happened.Resumed()).ShouldHaveSingleItem().Id.ShouldBe(1);
    }

    [Fact]
    public void Events_raised_meanwhile_are_delivered_once_and_in_order()
    {
        var order = Instance.Of(async context =>
        {
            var seen = "";
            while (seen.Length < 3)
                seen += await context.WaitForExternalEventAsync<string>("e");
            return seen;
        });
        order.Take(Happened.Suspended(), Happened.Raised("e", "\"1\""));
        order.Take(Happened.Raised("e", "\"2\"")).ShouldBeEmpty();

        order.Take(Happened.Resumed(), Happened.Raised("e", "\"3\""));

        order.Outcome!.Result.ShouldBe("\"123\"");
    }

    [Fact]
    public void An_instance_suspended_before_it_began_begins_when_it_is_resumed()
    {
        var order = TwoSteps();
        var request = order.RequestFor();
        request.NewEvents.Insert(1, Happened.Suspended());
        order.After(request.NewEvents);

        order.Take().ShouldBeEmpty();

        order.Take(Happened.Resumed()).ShouldHaveSingleItem().ScheduleTask.Name.ShouldBe("A");
    }

    [Fact]
    public void Steps_that_another_sdk_took_while_suspended_are_met_after_the_resumption()
    {
        var order = TwoSteps().After(
            Happened.TurnStarted(), Happened.Started("Order"), Happened.ActivityScheduled(0, "A"),
            Happened.TurnStarted(), Happened.Suspended(),
            Happened.TurnStarted(), Happened.Completed(0, "\"1\""), Happened.ActivityScheduled(1, "B"),
            Happened.TurnStarted(), Happened.Completed(1, "\"2\""));

        order.Take().ShouldBeEmpty();
        order.Take(Happened.Resumed());

        order.Outcome!.Result.ShouldBe("\"12\"");
    }

    [Fact]
    public void The_end_waits_too()
    {
        var order = TwoSteps();
        order.Take();
        order.Take(Happened.Completed(0, "\"1\""));

        order.Take(Happened.Completed(1, "\"2\""), Happened.Suspended()).ShouldBeEmpty();
        order.Outcome.ShouldBeNull();

        order.Take(Happened.Resumed());
        order.Outcome!.Result.ShouldBe("\"12\"");
    }

    public static TheoryData<string> Batches => new("T", "TC", "CT", "SCT", "STC", "TRC", "CTS");

    [Theory]
    [MemberData(nameof(Batches))]
    public void Termination_wins_wherever_it_stands(string batch)
    {
        var order = TwoSteps();
        order.Take();
        if (batch[0] == 'S')
            order.Take(Happened.Suspended());

        var ended = order.Take(batch.TrimStart('S').Select(letter => letter switch
        {
            'T' => Happened.Terminated("\"enough\""),
            'C' => Happened.Completed(0, "\"1\""),
            'R' => Happened.Resumed(),
            _ => Happened.Suspended(),
        })).ShouldHaveSingleItem().CompleteWorkflow;

        ended.WorkflowStatus.ShouldBe(OrchestrationStatus.Terminated);
        ended.Result.ShouldBe("\"enough\"");
        order.CustomStatus.ShouldBe("\"begun\"");
    }

    [Fact]
    public void A_pending_instance_is_terminated_without_its_code_having_run()
    {
        var order = Instance.Of<string>(_ => throw new InvalidOperationException("It ran."));

        order.Take(Happened.Terminated());

        order.Outcome!.WorkflowStatus.ShouldBe(OrchestrationStatus.Terminated);
    }

    private static Instance TwoSteps() => Instance.Of(async context =>
    {
        context.SetCustomStatus("begun");
        return await context.CallActivityAsync<string>("A") + await context.CallActivityAsync<string>("B");
    });
}
