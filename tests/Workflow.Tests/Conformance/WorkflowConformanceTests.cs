using Dapr.Workflow;
using Grpc.Core;
using KestrelVoice.Workflow.Tests.Harness;
using KestrelVoice.Workflow.Tests.Plans;

namespace KestrelVoice.Workflow.Tests.Conformance;

/// <summary>What workflows promise, by our worker and client over the wire of a sidecar: LocalDapr always, daprd when there is one.</summary>
public sealed class WorkflowConformanceTests(WorkflowConformanceTests.Sidecar sidecar) : IClassFixture<WorkflowConformanceTests.Sidecar>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Id { get; } = $"t-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";

    private IDaprWorkflowClient Client => sidecar.Worker.Client;

    [Fact]
    public async Task A_workflow_runs_from_its_input_to_its_output()
    {
        (await Client.ScheduleNewWorkflowAsync("Sequence", Id, 40)).ShouldBe(Id);
        var state = await EndAsync();

        (state.RuntimeStatus, state.WorkflowName, state.IsWorkflowCompleted, state.Exists).ShouldBe((WorkflowRuntimeStatus.Completed, "Sequence", true, true));
        (state.ReadInputAs<int>(), state.ReadOutputAs<int>(), state.ReadCustomStatusAs<string>()).ShouldBe((40, 43, "adding"));
        state.LastUpdatedAt.ShouldBeGreaterThanOrEqualTo(state.CreatedAt);
        var bare = (await Client.GetWorkflowStateAsync(Id, getInputsAndOutputs: false, Token))!;
        (bare.ReadInputAs<int?>(), bare.ReadOutputAs<int?>()).ShouldBe(((int?)null, null));
    }

    [Fact]
    public async Task Activities_of_a_fan_out_run_side_by_side_and_answer_in_order()
    {
        await Client.ScheduleNewWorkflowAsync("FanOut", Id, 20);

        (await EndAsync()).ReadOutputAs<int[]>().ShouldBe(Enumerable.Range(1, 20));
    }

    [Fact]
    public async Task A_failure_is_told_with_type_message_and_trace()
    {
        await Client.ScheduleNewWorkflowAsync("Fail", Id, "no such order");
        var state = await EndAsync();

        state.RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Failed);
        state.FailureDetails!.IsCausedBy<WorkflowTaskFailedException>().ShouldBeTrue();
        state.FailureDetails.ErrorMessage.ShouldContain("no such order");
        state.FailureDetails.StackTrace.ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task A_workflow_that_nobody_knows_fails()
    {
        await Client.ScheduleNewWorkflowAsync("Unheard", Id);

        (await EndAsync()).FailureDetails!.ErrorType.ShouldBe("WorkflowNotFound");
    }

    [Fact]
    public async Task Failures_are_retried_as_the_policy_says()
    {
        await Client.ScheduleNewWorkflowAsync("Retry", Id);

        (await EndAsync()).ReadOutputAs<string>().ShouldBe("third time");
    }

    [Fact]
    public async Task Children_answer_or_fail_their_parents()
    {
        await Client.ScheduleNewWorkflowAsync("Parent", Id);

        (await EndAsync()).ReadOutputAs<string>().ShouldBe("43; child failed");
        (await Client.GetWorkflowStateAsync($"{Id}-child", cancellation: Token))!.ReadOutputAs<int>().ShouldBe(43);
    }

    [Fact]
    public async Task A_timer_is_not_early()
    {
        await Client.ScheduleNewWorkflowAsync("Nap", Id, TimeSpan.FromSeconds(1.2));
        var slept = (await EndAsync()).ReadOutputAs<TimeSpan>();

        // daprd up to 1.17 cuts off the part of a second.
        slept.ShouldBeGreaterThanOrEqualTo(TimeSpan.FromSeconds(SidecarRun.IsReal ? 0.1 : 1.2));
    }

    [Fact]
    public async Task Events_reach_the_wait_whenever_they_come()
    {
        await Client.ScheduleNewWorkflowAsync("TwoEvents", Id);
        await Client.RaiseEventAsync(Id, "second", "2", Token);
        await Client.RaiseEventAsync(Id, "FIRST", "1", Token);

        (await EndAsync()).ReadOutputAs<string>().ShouldBe("12");
    }

    [Fact]
    public async Task Events_reach_an_instance_that_has_not_begun()
    {
        await Client.ScheduleNewWorkflowAsync("TwoEvents", Id, null, DateTimeOffset.UnixEpoch, Token);
        await Client.RaiseEventAsync(Id, "first", "1", Token);
        await Client.RaiseEventAsync(Id, "second", "2", Token);

        (await EndAsync()).ReadOutputAs<string>().ShouldBe("12");
    }

    [Theory]
    [InlineData(true, "in time")]
    [InlineData(false, "too late")]
    public async Task A_wait_ends_with_the_event_or_with_its_time(bool raised, string expected)
    {
        await Client.ScheduleNewWorkflowAsync("EventInTime", Id, raised ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(1));
        if (raised)
            await Client.RaiseEventAsync(Id, "go", "in time", Token);

        (await EndAsync()).ReadOutputAs<string>().ShouldBe(expected);
    }

    [Fact]
    public async Task A_long_life_is_led_in_short_histories()
    {
        await Client.ScheduleNewWorkflowAsync("Count", Id, 1);

        (await EndAsync()).ReadOutputAs<int>().ShouldBe(15);
    }

    [Fact]
    public async Task Events_survive_continuing_as_new()
    {
        await Client.ScheduleNewWorkflowAsync("Collect", Id, "");
        for (var i = 0; i < 10; i++)
            await Client.RaiseEventAsync(Id, "e", $"{i}", Token);

        (await EndAsync()).ReadOutputAs<string>().ShouldBe("0123456789");
    }

    [Fact]
    public async Task A_suspended_instance_stands_still_until_it_is_resumed()
    {
        await Client.ScheduleNewWorkflowAsync("TwoEvents", Id);
        await Client.SuspendWorkflowAsync(Id, "a reason", Token);
        await Client.RaiseEventAsync(Id, "first", "1", Token);
        await Client.RaiseEventAsync(Id, "second", "2", Token);
        (await Client.GetWorkflowStateAsync(Id, cancellation: Token))!.RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Suspended);

        await Client.ResumeWorkflowAsync(Id, "on with it", Token);

        (await EndAsync()).ReadOutputAs<string>().ShouldBe("12");
    }

    [Fact]
    public async Task A_terminated_instance_has_the_output_it_was_given_and_so_end_its_children()
    {
        await Client.ScheduleNewWorkflowAsync("WaitForChild", Id);
        await Client.WaitForWorkflowStartAsync($"{Id}-child", cancellation: Token);

        await Client.TerminateWorkflowAsync(Id, "enough", Token);

        var state = await EndAsync();
        (state.RuntimeStatus, state.ReadOutputAs<string>()).ShouldBe((WorkflowRuntimeStatus.Terminated, "enough"));
        (await Client.WaitForWorkflowCompletionAsync($"{Id}-child", cancellation: Token)).RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Terminated);
    }

    [Fact]
    public async Task A_suspended_instance_can_be_terminated()
    {
        await Client.ScheduleNewWorkflowAsync("TwoEvents", Id);
        await Client.SuspendWorkflowAsync(Id, cancellation: Token);

        await Client.TerminateWorkflowAsync(Id, cancellation: Token);

        (await EndAsync()).RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Terminated);
    }

    [Fact]
    public async Task What_has_ended_can_be_purged_and_what_is_missing_is_missing()
    {
        await Client.ScheduleNewWorkflowAsync("Sequence", Id, 1);
        await EndAsync();

        (await Client.PurgeInstanceAsync(Id, Token)).ShouldBeTrue();

        (await Client.GetWorkflowStateAsync(Id, cancellation: Token))!.Exists.ShouldBeFalse();
        (await Client.PurgeInstanceAsync(Id, Token)).ShouldBeFalse();
        await Should.ThrowAsync<RpcException>(Client.RaiseEventAsync(Id, "e", cancellation: Token));
    }

    [Fact]
    public async Task An_id_is_free_again_when_its_instance_has_ended_and_not_before()
    {
        await Client.ScheduleNewWorkflowAsync("TwoEvents", Id);
        (await Should.ThrowAsync<RpcException>(Client.ScheduleNewWorkflowAsync("Sequence", Id, 1))).Status.Detail.ShouldContain("already exists");
        await Client.TerminateWorkflowAsync(Id, cancellation: Token);
        await EndAsync();

        await Client.ScheduleNewWorkflowAsync("Sequence", Id, 1);

        (await EndAsync()).ReadOutputAs<int>().ShouldBe(4);
    }

    [Fact]
    public async Task A_start_at_a_time_is_not_early()
    {
        var startAt = TimeProvider.System.GetUtcNow().AddSeconds(1.5);
        await Client.ScheduleNewWorkflowAsync("Now", Id, null, startAt, Token);
        (await Client.GetWorkflowStateAsync(Id, cancellation: Token))!.RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Pending);

        var began = (await EndAsync()).ReadOutputAs<DateTime>();

        began.ShouldBeGreaterThanOrEqualTo(startAt.UtcDateTime.AddSeconds(SidecarRun.IsReal ? -1 : 0));
    }

    [Fact]
    public async Task A_patch_and_an_id_stay_as_they_were_in_each_turn()
    {
        await Client.ScheduleNewWorkflowAsync("Stable", Id);

        (await EndAsync()).ReadOutputAs<bool>().ShouldBeTrue();
    }

    [Fact]
    public async Task Ids_and_history_are_listed()
    {
        await Client.ScheduleNewWorkflowAsync("Sequence", Id, 1);
        await EndAsync();
        var ids = new List<string>();
        string? next = null;
        do
        {
            var page = await Client.ListInstanceIdsAsync(next, 5, Token);
            ids.AddRange(page.InstanceIds);
            next = page.ContinuationToken;
        }
        while (next is not null);

        ids.ShouldContain(Id);
        var history = await Client.GetInstanceHistoryAsync(Id, Token);
        history.Select(happened => happened.EventType).ShouldBe(
        [
            "WorkflowStarted", "ExecutionStarted", "TaskScheduled",
            "WorkflowStarted", "TaskCompleted", "TaskScheduled",
            "WorkflowStarted", "TaskCompleted", "ExecutionCompleted",
        ]);
        (await Should.ThrowAsync<RpcException>(Client.GetInstanceHistoryAsync("missing", Token))).StatusCode.ShouldBe(StatusCode.NotFound);
    }

    [Fact]
    public async Task Waiting_for_what_never_ends_lasts_as_long_as_the_callers_patience()
    {
        await Client.ScheduleNewWorkflowAsync("TwoEvents", Id);
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Should.ThrowAsync<OperationCanceledException>(Client.WaitForWorkflowCompletionAsync(Id, cancellation: patience.Token));
    }

    [Fact]
    public async Task Random_plans_come_to_what_they_must()
    {
        var choices = new Random(20260302);
        for (var i = 0; i < 5; i++)
        {
            var plan = Plan.Of([.. Enumerable.Range(0, 40).Select(_ => choices.Next(10_000))]);
            await Client.ScheduleNewWorkflowAsync(PlanWorld.Workflow, $"{Id}-{i}", plan);
            foreach (var name in plan.Events)
                await Client.RaiseEventAsync($"{Id}-{i}", name, name, Token);

            var state = await Client.WaitForWorkflowCompletionAsync($"{Id}-{i}", cancellation: Token);

            state.ReadOutputAs<string>().ShouldBe(plan.Expected, plan.ToString());
        }
    }

    private Task<WorkflowState> EndAsync() => Poll.Within(Client.WaitForWorkflowCompletionAsync(Id, cancellation: Token), $"the end of {Id}");

    /// <summary>One sidecar, and one worker with everything that these tests start.</summary>
    public sealed class Sidecar : IAsyncLifetime
    {
        private SidecarRun _run = null!;

        internal TestWorker Worker { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            _run = await SidecarRun.StartAsync();
            Worker = await TestWorker.StartAsync(_run.Endpoint, Register);
        }

        public async ValueTask DisposeAsync()
        {
            await Worker.DisposeAsync();
            await _run.DisposeAsync();
        }

        private static void Register(WorkflowRuntimeOptions options)
        {
            new PlanWorld().Register(options);
            options.RegisterActivity<int, int>("Add", (_, number) => Task.FromResult(number + 1));
            options.RegisterActivity<string, string>("Throw", (_, message) => throw new InvalidDataException(message));
            options.RegisterActivity<string, string>("ThirdTime", (context, key) => TryAsync(key));
            options.RegisterWorkflow<int, int>("Sequence", async (context, number) =>
            {
                context.SetCustomStatus("adding");
                number = await context.CallActivityAsync<int>("Add", number);
                return await context.CallActivityAsync<int>("Add", number) + 1;
            });
            options.RegisterWorkflow<int, int[]>("FanOut", (context, count) =>
                Task.WhenAll(Enumerable.Range(0, count).Select(number => context.CallActivityAsync<int>("Add", number))));
            options.RegisterWorkflow<string, string>("Fail", (context, message) => context.CallActivityAsync<string>("Throw", message));
            options.RegisterWorkflow<object?, string>("Retry", (context, _) =>
                context.CallActivityAsync<string>("ThirdTime", context.InstanceId, new(new(3, TimeSpan.FromSeconds(0.1)))));
            options.RegisterWorkflow<object?, string>("Parent", async (context, _) =>
            {
                var number = await context.CallChildWorkflowAsync<int>("Sequence", 40, new($"{context.InstanceId}-child"));
                try
                {
                    return await context.CallChildWorkflowAsync<string>("Fail", "broken");
                }
                catch (WorkflowTaskFailedException failure) when (failure.FailureDetails.IsCausedBy<WorkflowTaskFailedException>())
                {
                    return $"{number}; child failed";
                }
            });
            options.RegisterWorkflow<TimeSpan, TimeSpan>("Nap", async (context, length) =>
            {
                var before = context.CurrentUtcDateTime;
                await context.CreateTimer(length);
                return context.CurrentUtcDateTime - before;
            });
            options.RegisterWorkflow<object?, string>("TwoEvents", async (context, _) =>
                await context.WaitForExternalEventAsync<string>("first") + await context.WaitForExternalEventAsync<string>("second"));
            options.RegisterWorkflow<TimeSpan, string>("EventInTime", async (context, timeout) =>
            {
                try
                {
                    return await context.WaitForExternalEventAsync<string>("go", timeout);
                }
                catch (TaskCanceledException)
                {
                    return "too late";
                }
            });
            options.RegisterWorkflow<int, int>("Count", async (context, number) =>
            {
                await context.CallActivityAsync<int>("Add", number);
                if (number < 15)
                    context.ContinueAsNew(number + 1);
                return number;
            });
            options.RegisterWorkflow<string, string>("Collect", async (context, soFar) =>
            {
                soFar += await context.WaitForExternalEventAsync<string>("e");
                if (soFar.Length < 10)
                    context.ContinueAsNew(soFar);
                return soFar;
            });
            options.RegisterWorkflow<object?, string>("WaitForChild", (context, _) =>
                context.CallChildWorkflowAsync<string>("TwoEvents", options: new($"{context.InstanceId}-child")));
            options.RegisterWorkflow<object?, DateTime>("Now", (context, _) => Task.FromResult(context.CurrentUtcDateTime));
            options.RegisterWorkflow<object?, bool>("Stable", async (context, _) =>
            {
                var before = (context.IsPatched("p"), context.NewGuid(), context.CurrentUtcDateTime);
                var (patched, id, time) = await context.CallActivityAsync<(bool, Guid, DateTime)>("Same3", before);
                return patched && before == (patched, id, time) && context.IsPatched("p") && context.NewGuid() != id;
            });
            options.RegisterActivity<(bool, Guid, DateTime), (bool, Guid, DateTime)>("Same3", (_, same) => Task.FromResult(same));
        }

        private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, int> s_tries = new(StringComparer.Ordinal);

        private static Task<string> TryAsync(string key) =>
            s_tries.AddOrUpdate(key, 1, (_, before) => before + 1) < 3 ? throw new TimeoutException() : Task.FromResult("third time");
    }
}
