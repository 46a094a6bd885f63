using Dapr.Workflow;
using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Harness;

namespace KestrelVoice.Workflow.Tests.Worker;

public sealed class SchedulingTests
{
    [Fact]
    public void The_first_step_is_number_0_and_the_result_is_that_of_the_code()
    {
        var order = Instance.Of<string, string>(async (context, name) => await context.CallActivityAsync<string>("Greet", name) + "!", "Ada");

        var scheduled = order.Take().ShouldHaveSingleItem();
        scheduled.Id.ShouldBe(0);
        scheduled.ScheduleTask.Name.ShouldBe("Greet");
        scheduled.ScheduleTask.Input.ShouldBe("\"Ada\"");
        var ended = order.Take(Happened.Completed(0, "\"Hello Ada\"")).ShouldHaveSingleItem();

        ended.Id.ShouldBe(1);
        ended.CompleteWorkflow.WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
        ended.CompleteWorkflow.Result.ShouldBe("\"Hello Ada!\"");
    }

    [Fact]
    public void A_turn_that_was_lost_is_taken_again_alike()
    {
        var order = Instance.Of(async context =>
        {
            await context.CallActivityAsync("A");
            await Task.WhenAll(context.CallActivityAsync("B"), context.CallChildWorkflowAsync("C"), context.CreateTimer(TimeSpan.FromHours(1)));
            return context.NewGuid();
        });
        order.Take();

        var lost = order.Try(Happened.Completed(0));

        order.Try(Happened.Completed(0)).ShouldBe(lost);
        order.Take(Happened.Completed(0)).ShouldBe(lost.Actions);
        order.Take(Happened.Completed(1), Happened.ChildCompleted(2), Happened.Fired(3)).ShouldHaveSingleItem().CompleteWorkflow.ShouldNotBeNull();
    }

    [Fact]
    public void What_history_holds_is_not_asked_for_again()
    {
        var order = Instance.Of(async context =>
        {
            var first = context.CallActivityAsync<int>("A");
            var second = context.CallActivityAsync<int>("B");
            return await first + await second;
        });
        order.Take().Count.ShouldBe(2);

        order.Take(Happened.Completed(1, "40")).ShouldBeEmpty();

        order.Take(Happened.Completed(0, "2"));
        order.Outcome!.Result.ShouldBe("42");
    }

    [Fact]
    public void Many_answers_in_one_turn_arrive_in_their_order()
    {
        var order = Instance.Of(async context =>
        {
            var seen = new List<string>();
            await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ => seen.Add(await context.CallActivityAsync<string>("A"))).ToList());
            return string.Join(',', seen);
        });
        order.Take().Count.ShouldBe(4);

        order.Take(Happened.Completed(2, "\"c\""), Happened.Completed(0, "\"a\""), Happened.Completed(3, "\"d\""), Happened.Completed(1, "\"b\""));

        order.Outcome!.Result.ShouldBe("\"c,a,d,b\"");
    }

    [Fact]
    public void An_answer_that_comes_twice_counts_once()
    {
        var order = Instance.Of(async context => await context.CallActivityAsync<int>("A") + await context.CallActivityAsync<int>("B"));
        order.Take();

        order.Take(Happened.Completed(0, "1"), Happened.Completed(0, "100"), Happened.Failed(0)).Single().ScheduleTask.Name.ShouldBe("B");

        order.Take(Happened.Completed(0, "1000"), Happened.Completed(1, "2"));
        order.Outcome!.Result.ShouldBe("3");
    }

    [Fact]
    public void An_answer_that_comes_before_the_record_of_its_step_is_kept()
    {
        var order = Instance.Of(async context =>
        {
            await context.WaitForExternalEventAsync<object>("go");
            return await context.CallActivityAsync<int>("A");
        }).After(Happened.TurnStarted(), Happened.Started("Order"), Happened.Completed(0, "7"), Happened.Raised("go"));

        order.Take();

        order.Outcome!.Result.ShouldBe("7");
    }

    [Fact]
    public void A_failed_activity_is_an_exception_with_what_was_written_down()
    {
        var order = Instance.Of(async context =>
        {
            try
            {
                return await context.CallActivityAsync<string>("A");
            }
            catch (WorkflowTaskFailedException failure)
            {
                failure.FailureDetails.IsCausedBy<TimeoutException>().ShouldBeTrue();
                failure.FailureDetails.IsCausedBy<SystemException>().ShouldBeTrue();
                failure.FailureDetails.IsCausedBy<ArgumentException>().ShouldBeFalse();
                return failure.FailureDetails.ToString();
            }
        });
        order.Take();

        order.Take(Happened.Failed(0));

        order.Outcome!.Result.ShouldBe("\"System.TimeoutException: broken\"");
    }

    [Fact]
    public void A_failure_without_details_is_a_failure()
    {
        var order = Instance.Of(context => context.CallActivityAsync<string>("A"));
        order.Take();

        order.Take(new HistoryEvent { TaskFailed = new() { TaskScheduledId = 0 } });

        order.Outcome!.FailureDetails.ErrorType.ShouldBe(typeof(WorkflowTaskFailedException).FullName);
        order.Outcome.FailureDetails.InnerFailure.ErrorType.ShouldBe("Unknown");
    }

    [Fact]
    public void An_exception_that_leaves_the_code_fails_the_instance()
    {
        var order = Instance.Of<object?>(_ => throw new InvalidDataException("no such order", new TimeoutException("too late")));

        order.Take();

        order.Outcome!.WorkflowStatus.ShouldBe(OrchestrationStatus.Failed);
        order.Outcome.FailureDetails.ErrorType.ShouldBe("System.IO.InvalidDataException");
        order.Outcome.FailureDetails.ErrorMessage.ShouldBe("no such order");
        order.Outcome.FailureDetails.StackTrace.ShouldNotBeNullOrEmpty();
        order.Outcome.FailureDetails.InnerFailure.ErrorType.ShouldBe("System.TimeoutException");
    }

    [Fact]
    public void Steps_that_nobody_awaits_are_asked_for_all_the_same()
    {
        var order = Instance.Of(context =>
        {
            _ = context.CallActivityAsync("A");
            return Task.FromResult("done");
        });

        var actions = order.Take();

        actions.Select(action => action.WorkflowActionTypeCase).ShouldBe(
            [WorkflowAction.WorkflowActionTypeOneofCase.ScheduleTask, WorkflowAction.WorkflowActionTypeOneofCase.CompleteWorkflow]);
    }

    [Fact]
    public void After_the_code_has_ended_nothing_more_is_asked_for()
    {
        var order = Instance.Of(async context =>
        {
            var fast = context.CallActivityAsync<string>("Fast");
            _ = SlowAsync(context);
            return await fast;
        });
        order.Take().Count.ShouldBe(2);

        order.Take(Happened.Completed(0, "\"won\""), Happened.Completed(1)).ShouldHaveSingleItem().CompleteWorkflow.Result.ShouldBe("\"won\"");

        static async Task SlowAsync(WorkflowContext context)
        {
            await context.CallActivityAsync("Slow");
            await context.CallActivityAsync("TooLate");
        }
    }

    [Fact]
    public void The_key_of_a_step_is_its_own_in_each_run_and_each_instance()
    {
        static async Task<object?> Code(WorkflowContext context)
        {
            await Task.WhenAll(context.CallActivityAsync("A"), context.CallActivityAsync("A"));
            context.ContinueAsNew();
            return null;
        }
        var order = Instance.Of(Code);

        var first = order.Take().Select(action => action.ScheduleTask.TaskExecutionId).ToList();
        order.Take(Happened.Completed(0), Happened.Completed(1));
        var second = order.Take().Select(action => action.ScheduleTask.TaskExecutionId).ToList();

        first.Concat(second).Distinct().Count().ShouldBe(4);
        first.ForEach(key => Guid.TryParse(key, out var _).ShouldBeTrue());
        Instance.Of(Code).Take().Select(action => action.ScheduleTask.TaskExecutionId).ShouldBe(first);
    }

    [Fact]
    public void Another_app_is_reached_through_the_router_of_old_and_new_sidecars()
    {
        var order = Instance.Of(async context =>
        {
            await Task.WhenAll(
                context.CallActivityAsync("A", options: new(TargetAppId: "billing", PropagationScope: Dapr.Workflow.HistoryPropagationScope.OwnHistory)),
                context.CallChildWorkflowAsync("B", options: new(TargetAppId: "billing")));
            return "";
        });

        var actions = order.Take();

        actions.ShouldAllBe(action => action.Router.TargetAppID == "billing");
        actions[0].ScheduleTask.Router.TargetAppID.ShouldBe("billing");
        actions[0].ScheduleTask.HistoryPropagationScope.ShouldBe(TaskHub.HistoryPropagationScope.OwnHistory);
        actions[1].CreateChildWorkflow.Router.TargetAppID.ShouldBe("billing");
    }

    [Fact]
    public void A_workflow_that_nobody_registered_fails_and_says_which()
    {
        var missing = new Instance("Oder", _ => null);
        missing.Take();
        missing.Outcome!.FailureDetails.ErrorType.ShouldBe("WorkflowNotFound");
        missing.Outcome.FailureDetails.ErrorMessage.ShouldContain("Oder");

        var nameless = new Instance("", _ => null);
        nameless.Take();
        nameless.Outcome!.FailureDetails.ErrorType.ShouldBe("WorkflowNameMissing");
    }

    [Fact]
    public void Names_of_workflows_are_found_whatever_their_case()
    {
        var options = new WorkflowRuntimeOptions();
        options.RegisterWorkflow<string, string>("Order", (_, _) => Task.FromResult("first"));
        options.RegisterWorkflow<string, string>("ORDER", (_, _) => Task.FromResult("second"));
        var order = new Instance("oRDER", name => options.Registry.MakeWorkflow(name, null!));

        order.Take();

        order.Outcome!.Result.ShouldBe("\"first\"");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("null")]
    public void Nothing_is_read_as_nothing_however_it_was_written(string? input)
    {
        var text = Instance.Of<string?, bool>((_, value) => Task.FromResult(value is null));
        text.Input = input;
        var number = Instance.Of<int, int>((_, value) => Task.FromResult(value));
        number.Input = input;

        text.Take();
        number.Take();

        text.Outcome!.Result.ShouldBe("true");
        number.Outcome!.Result.ShouldBe("0");
    }

    [Fact]
    public void An_input_that_does_not_fit_fails_the_instance()
    {
        var order = Instance.Of<int, int>((_, value) => Task.FromResult(value));
        order.Input = "\"twelve\"";

        order.Take();

        order.Outcome!.FailureDetails.ErrorType.ShouldBe("System.Text.Json.JsonException");
    }

    [Fact]
    public void Events_of_a_kind_that_is_not_known_yet_are_passed_over()
    {
        // Field 99 of an event, as a later sidecar might send it.
        var unknown = HistoryEvent.Parser.ParseFrom([0x08, 0x01, 0x9A, 0x06, 0x00]);
        var order = Instance.Of(context => context.CallActivityAsync<int>("A"));

        order.Take(unknown, new HistoryEvent()).ShouldHaveSingleItem();
        order.Take(unknown, Happened.Completed(0, "1"), new HistoryEvent { ExecutionStalled = new() });

        order.Outcome!.Result.ShouldBe("1");
    }

    [Fact]
    public void Code_that_leaves_the_context_of_its_caller_stays_on_the_workflows_thread()
    {
        var order = Instance.Of(async context =>
        {
            var sum = 0;
            for (var i = 0; i < 3; i++)
                sum += await NestedAsync(context).ConfigureAwait(false);
            return sum;
        });

        order.Take();
        order.Take(Happened.Completed(0, "1"));
        order.Take(Happened.Completed(1, "2"));
        order.Take(Happened.Completed(2, "3"));

        order.Outcome!.Result.ShouldBe("6");

        static async Task<int> NestedAsync(WorkflowContext context) => await context.CallActivityAsync<int>("A").ConfigureAwait(false);
    }

    [Fact]
    public void At_most_so_many_run_at_once_in_a_bounded_fan_out()
    {
        var order = Instance.Of(context => context.ProcessInParallelAsync([1, 2, 3, 4, 5], item => context.CallActivityAsync<int>("A", item), maxConcurrency: 2));

        order.Take().Select(action => action.ScheduleTask.Input).ShouldBe(["1", "2"]);
        order.Take(Happened.Completed(1, "20")).Select(action => action.ScheduleTask.Input).ShouldBe(["3"]);
        order.Take(Happened.Completed(0, "10"), Happened.Completed(2, "30")).Count.ShouldBe(2);
        order.Take(Happened.Completed(3, "40"), Happened.Completed(4, "50"));

        order.Outcome!.Result.ShouldBe("[10,20,30,40,50]");
    }

    [Theory]
    [InlineData("")]
    [InlineData("Error")]
    [InlineData("Missing[[A, NoSuchAssembly]]")]
    [InlineData("no, such, type")]
    public void A_failure_may_have_any_name(string errorType) =>
        new WorkflowTaskFailureDetails(errorType, "broken").IsCausedBy<TimeoutException>().ShouldBeFalse();

    [Fact]
    public void Bounds_that_would_let_nothing_run_are_refused()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => new WorkflowRuntimeOptions { MaxConcurrentWorkflows = 0 });
        Should.Throw<ArgumentOutOfRangeException>(() => new WorkflowRuntimeOptions { MaxConcurrentActivities = -1 });
    }
}
