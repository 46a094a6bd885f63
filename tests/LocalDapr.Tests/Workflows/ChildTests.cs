using Grpc.Core;
using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>Workflows that begin others and hear how they end.</summary>
public sealed class ChildTests : WorkflowTest
{
    [Theory]
    [InlineData("", "one:000a")]
    [InlineData("mine", "mine")]
    public async Task A_child_knows_its_parent_and_the_parent_hears_what_came_of_it(string asked, string id)
    {
        await BeginAsync("one", Actions.Child(10, asked, "5"));

        var child = await Hub.NextTurnAsync();
        child.InstanceId.ShouldBe(id);
        var started = child.NewEvents[1].ExecutionStarted;
        (started.Name, started.Input).ShouldBe(("Child", "5"));
        (started.ParentInstance.TaskScheduledId, started.ParentInstance.Name, started.ParentInstance.WorkflowInstance.InstanceId).ShouldBe((10, "Work", "one"));
        await Hub.AnswerAsync(id, Actions.Complete("25"));

        var completed = (await Hub.NextTurnAsync()).NewEvents[1].ChildWorkflowInstanceCompleted;
        (completed.TaskScheduledId, completed.Result).ShouldBe((10, "25"));
        (await Hub.StateAsync(id))!.ParentInstanceId.ShouldBe("one");
    }

    [Fact]
    public async Task A_child_that_fails_tells_why_and_one_that_is_terminated_tells_nothing()
    {
        await BeginAsync("one", Actions.Child(0, "fails"), Actions.Child(1, "ends"));
        await Hub.NextTurnAsync();
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("fails", Actions.Fail("Broken", "by design"));
        var failed = (await Hub.NextTurnAsync()).NewEvents[1].ChildWorkflowInstanceFailed;
        await Hub.AnswerAsync("one");
        await Hub.AnswerAsync("ends", Actions.Complete(status: OrchestrationStatus.Terminated));
        var ended = (await Hub.NextTurnAsync()).NewEvents[1].ChildWorkflowInstanceFailed;

        (failed.TaskScheduledId, failed.FailureDetails.ErrorType, failed.FailureDetails.ErrorMessage).ShouldBe((0, "Broken", "by design"));
        (ended.TaskScheduledId, ended.FailureDetails).ShouldBe((1, null));
    }

    [Fact]
    public async Task An_id_that_lives_already_fails_the_task_and_one_that_has_ended_is_used_again()
    {
        await BeginAsync("taken");
        await BeginAsync("ended", Actions.Complete());
        await BeginAsync("one", Actions.Child(0, "taken"), Actions.Child(1, "ended"));

        WorkflowRequest[] turns = [await Hub.NextTurnAsync(), await Hub.NextTurnAsync()];
        turns.Single(turn => turn.InstanceId == "one").NewEvents[1].ChildWorkflowInstanceFailed.FailureDetails.ErrorType.ShouldBe("WorkflowInstanceAlreadyExists");
        turns.Single(turn => turn.InstanceId == "ended").NewEvents[1].ExecutionStarted.ParentInstance.TaskScheduledId.ShouldBe(1);
    }

    [Fact]
    public async Task What_a_child_of_an_earlier_generation_ends_with_is_not_heard()
    {
        await BeginAsync("one", Actions.Child(0, "child"));
        await Hub.NextTurnAsync();
        await Hub.RaiseAsync("one", "e");
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one", Actions.ContinueAsNew("2"));
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one");
        await Hub.AnswerAsync("child", Actions.Complete());
        await Hub.RaiseAsync("one", "e");

        (await Hub.NextTurnAsync()).NewEvents.Kinds().ShouldBe(["WorkflowStarted", "EventRaised"]);
    }

    [Fact]
    public async Task A_recursive_termination_ends_the_whole_family_and_a_recursive_purge_removes_it()
    {
        await BeginAsync("one", Actions.Child(0, "two"));
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("two", Actions.Child(0, "three"));
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("three");
        var reuse = await Should.ThrowAsync<RpcException>(() => PurgeAsync("one"));
        var terminating = Hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "one", Output = "9", Recursive = true }, Hub.Options);
        foreach (var id in (string[])["one", "two", "three"])
        {
            (await Hub.NextTurnAsync()).InstanceId.ShouldBe(id);
            await Hub.AnswerAsync(id);
        }
        await terminating;

        foreach (var id in (string[])["one", "two", "three"])
            (await Hub.CompletedAsync(id)).Output.ShouldBe("9");
        reuse.Status.Detail.ShouldContain("has not yet completed");
        (await PurgeAsync("one")).ShouldBe(3);
        (await Hub.StateAsync("three")).ShouldBeNull();
    }

    [Fact]
    public async Task Without_recursion_children_go_on_and_keep_the_id_of_their_parent_taken()
    {
        await BeginAsync("one", Actions.Child(0, "two"));
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("two");
        var terminating = Hub.Client.TerminateInstanceAsync(new TerminateRequest { InstanceId = "one" }, Hub.Options);
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync("one");
        await terminating;

        (await Hub.StateAsync("two"))!.WorkflowStatus.ShouldBe(OrchestrationStatus.Running);
        (await Should.ThrowAsync<RpcException>(() => Hub.StartAsync("one"))).StatusCode.ShouldBe(StatusCode.AlreadyExists);
    }

    private async Task BeginAsync(string id, params IEnumerable<WorkflowAction> actions)
    {
        await Hub.StartAsync(id);
        await Hub.NextTurnAsync();
        await Hub.AnswerAsync(id, actions);
    }

    private async Task<int> PurgeAsync(string id) =>
        (await Hub.Client.PurgeInstancesAsync(new PurgeInstancesRequest { InstanceId = id, Recursive = true }, Hub.Options)).DeletedInstanceCount;
}
