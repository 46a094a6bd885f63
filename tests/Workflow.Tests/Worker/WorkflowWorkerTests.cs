using System.Net;
using System.Net.Sockets;
using Dapr.Workflow;
using Grpc.Core;
using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.Workflow.Tests.Worker;

public sealed class WorkflowWorkerTests
{
    private static readonly string[] Paths =
    [
        "/TaskHubSidecarService/Hello",
        "/TaskHubSidecarService/GetWorkItems",
        "/TaskHubSidecarService/CompleteOrchestratorTask",
        "/TaskHubSidecarService/CompleteActivityTask",
    ];

    [Fact]
    public async Task Turns_and_activities_are_answered_on_the_paths_of_the_protocol()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        sidecar.Token = "secret";
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, Order, token: "secret");
        var stream = await sidecar.StreamAsync();

        stream.Turn(FirstTurn(), "token-1");
        var turn = await sidecar.TurnAsync();
        stream.Activity("Greet", 7, "\"Ada\"", "token-2");
        var activity = await sidecar.ActivityAsync();

        (turn.InstanceId, turn.CompletionToken).ShouldBe(("order-1", "token-1"));
        turn.Actions.ShouldHaveSingleItem().ScheduleTask.Name.ShouldBe("Greet");
        activity.ShouldBe(new ActivityResponse { InstanceId = "order-1", TaskId = 7, Result = "\"Hello Ada\"", CompletionToken = "token-2" });
        sidecar.Paths.Distinct().ShouldBe(Paths);
        sidecar.Requests.OfType<GetWorkItemsRequest>().ShouldHaveSingleItem().ShouldBe(new GetWorkItemsRequest());
        worker.Log.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_sidecar_that_issues_no_tokens_gets_none()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, Order);
        var stream = await sidecar.StreamAsync();

        stream.Turn(FirstTurn(), "");

        (await sidecar.TurnAsync()).CompletionToken.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_wrong_token_is_told_once_and_tried_again()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        sidecar.Token = "new";
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, Order, token: "old");
        await Poll.Until(() => sidecar.Paths.Count > 3, "more attempts");

        worker.Log.Warnings.ShouldHaveSingleItem().ShouldContain("Unauthenticated");
        sidecar.Token = "old";
        (await sidecar.StreamAsync()).Turn(FirstTurn());

        await sidecar.TurnAsync();
        worker.Log.Warnings.Count().ShouldBe(1);
    }

    [Theory]
    [InlineData("end")]
    [InlineData("break")]
    [InlineData("restart")]
    public async Task A_lost_stream_is_opened_again(string how)
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, Order);
        var first = await sidecar.StreamAsync();

        if (how == "end")
            first.End();
        else if (how == "break")
            first.Break();
        else
        {
            await sidecar.StopAsync();
            await Poll.Until(() => worker.Log.Warnings.Any(), "the outage to be noticed");
            await sidecar.ListenAsync();
        }

        (await sidecar.StreamAsync()).Turn(FirstTurn(), "again");
        (await sidecar.TurnAsync()).CompletionToken.ShouldBe("again");
        await Poll.Until(() => worker.Log.Lines.Any(line => line.Text.Contains("are served", StringComparison.Ordinal)), "the end of the outage to be told");
        worker.Log.Warnings.Count().ShouldBe(1);
    }

    [Fact]
    public async Task Without_a_sidecar_the_app_runs_and_says_so_once()
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        var port = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        var clock = new FakeTimeProvider(Happened.Noon);
        await using var worker = await TestWorker.StartAsync($"http://127.0.0.1:{port}", Order, clock);

        await Poll.Until(() => worker.Log.Warnings.Any(), "the warning");
        for (var i = 0; i < 20; i++)
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            await Task.Yield();
        }

        worker.Log.Warnings.ShouldHaveSingleItem().ShouldContain($"127.0.0.1:{port}");
    }

    [Fact]
    public async Task An_app_without_workflows_does_not_connect()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        await using (var worker = await TestWorker.StartAsync(sidecar.Endpoint, _ => { }))
        {
            await worker.Client.GetWorkflowStateAsync("order-1", cancellation: TestContext.Current.CancellationToken);
            await worker.StopAsync();
        }

        sidecar.Paths.ShouldBe(["/TaskHubSidecarService/GetInstance"]);
    }

    [Fact]
    public async Task It_says_hello_every_half_minute_and_reconnects_when_nobody_answers()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        var clock = new FakeTimeProvider(Happened.Noon);
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, Order, clock);
        var stream = await sidecar.StreamAsync();
        sidecar.Hellos.ShouldBe(1);

        await AdvanceUntil(clock, () => sidecar.Hellos >= 3, "more hellos");
        stream.IsClosed.ShouldBeFalse();
        var mute = new TaskCompletionSource();
        sidecar.OnHello = () => mute.Task;
        await AdvanceUntil(clock, () => stream.IsClosed, "the mute connection to be left");
        sidecar.OnHello = () => Task.CompletedTask;
        mute.SetResult();

        await AdvanceUntil(clock, () => sidecar.Requests.OfType<GetWorkItemsRequest>().Count() == 2, "another stream");
    }

    [Fact]
    public async Task An_activity_that_throws_is_answered_with_its_failure()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, Order);
        var stream = await sidecar.StreamAsync();

        stream.Activity("Fail");
        var failed = await sidecar.ActivityAsync();
        stream.Activity("Unheard");
        var missing = await sidecar.ActivityAsync();
        stream.Activity("greet", input: "12");
        var unreadable = await sidecar.ActivityAsync();

        failed.Result.ShouldBeNull();
        (failed.FailureDetails.ErrorType, failed.FailureDetails.ErrorMessage).ShouldBe(("System.InvalidOperationException", "out of order"));
        missing.FailureDetails.ErrorType.ShouldBe("ActivityNotFoundException");
        unreadable.FailureDetails.ErrorType.ShouldBe("System.Text.Json.JsonException");
    }

    [Fact]
    public async Task Each_activity_runs_in_a_scope_of_its_own()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        await using var worker = await TestWorker.StartAsync(
            sidecar.Endpoint, options => options.RegisterActivity<Scoped>(), services: services => services.AddScoped<Scoped.Part>());
        var stream = await sidecar.StreamAsync();

        stream.Activity("scoped", 3, executionId: "key-1");
        stream.Activity("scoped", 4);
        var answers = new[] { await sidecar.ActivityAsync(), await sidecar.ActivityAsync() }.OrderBy(answer => answer.TaskId).Select(answer => answer.Result).ToList();

        answers.ShouldBe(["\"scoped key-1 order-1\"", "\"scoped order-1|4 order-1\""]);
        Scoped.Part.Made.ShouldBe(2);
        await Poll.Until(() => Scoped.Part.Disposed == 2, "the scopes to end");
    }

    [Theory]
    [InlineData(StatusCode.Unknown, 1)]
    [InlineData(StatusCode.DeadlineExceeded, 1)]
    [InlineData(StatusCode.Unavailable, 3)]
    public async Task An_answer_is_repeated_only_when_the_sidecar_was_away_and_never_replaced(StatusCode status, int attempts)
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        sidecar.OnCompletion = attempt => attempt < 3 ? throw new RpcException(new Status(status, "not now")) : Task.CompletedTask;
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, Order);
        var stream = await sidecar.StreamAsync();

        stream.Activity("Greet", 1);

        if (status is StatusCode.Unavailable)
            (await sidecar.ActivityAsync()).Result.ShouldBe("\"Hello \"");
        else
            await Poll.Until(() => worker.Log.Warnings.Any(), "the loss to be told");
        sidecar.Completions.ShouldBe(attempts);
        stream.IsClosed.ShouldBeFalse();
    }

    [Fact]
    public async Task An_answer_that_the_sidecar_never_takes_is_given_up()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        var never = new TaskCompletionSource();
        sidecar.OnCompletion = attempt => attempt == 1 ? never.Task : Task.CompletedTask;
        var clock = new FakeTimeProvider(Happened.Noon);
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, Order, clock);
        var stream = await sidecar.StreamAsync();
        stream.Activity("Greet", 1);
        await Poll.Until(() => sidecar.Completions == 1, "the answer");

        await AdvanceUntil(clock, () => worker.Log.Warnings.Any(), "it to be given up");

        worker.Log.Warnings.ShouldHaveSingleItem().ShouldContain("did not answer in time");
        sidecar.Completions.ShouldBe(1);
        never.SetResult();
    }

    [Fact]
    public async Task Reading_goes_on_while_activities_wait_for_one_another()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        var gate = new Gate();
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, options =>
        {
            Order(options);
            options.MaxConcurrentActivities = 1;
            options.RegisterActivity<int, string>("Wait", (_, _) => gate.PassAsync());
        });
        var stream = await sidecar.StreamAsync();

        stream.Activity("Wait", 1, "1");
        stream.Activity("Wait", 2, "2");
        stream.Turn(FirstTurn());

        await sidecar.TurnAsync();
        await gate.Entered(1);
        gate.Inside.ShouldBe(1);
        gate.Open();
        (await sidecar.ActivityAsync()).TaskId.ShouldBe(1);
        (await sidecar.ActivityAsync()).TaskId.ShouldBe(2);
        gate.Most.ShouldBe(1);
    }

    [Fact]
    public async Task Stopping_waits_for_what_runs_and_begins_nothing_more()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        var gate = new Gate();
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, options =>
        {
            Order(options);
            options.RegisterActivity<int, string>("Wait", (_, _) => gate.PassAsync());
        });
        var stream = await sidecar.StreamAsync();
        stream.Activity("Wait", 1, "1");
        await gate.Entered(1);

        var stopped = worker.StopAsync();
        await Poll.Until(() => worker.Log.Lines.Any(line => line.Text.Contains("Waiting for 1", StringComparison.Ordinal)), "the draining");
        stream.IsClosed.ShouldBeFalse();
        stream.Activity("Wait", 2, "2");
        stopped.IsCompleted.ShouldBeFalse();
        gate.Open();

        (await sidecar.ActivityAsync()).TaskId.ShouldBe(1);
        await stopped;
        await Poll.Until(() => stream.IsClosed, "the stream to be closed");
        sidecar.HasActivity.ShouldBeFalse();
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_ever()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        var gate = new Gate();
        var clock = new FakeTimeProvider(Happened.Noon);
        await using var worker = await TestWorker.StartAsync(
            sidecar.Endpoint, options => options.RegisterActivity<int, string>("Wait", (_, _) => gate.PassAsync()), clock);
        (await sidecar.StreamAsync()).Activity("Wait", 1, "1");
        await gate.Entered(1);

        var stopped = worker.StopAsync();
        await AdvanceUntil(clock, () => stopped.IsCompleted, "the end");

        worker.Log.Warnings.ShouldHaveSingleItem().ShouldContain("1 workflow steps did not end in time");
        gate.Open();
    }

    [Fact]
    public async Task An_activity_that_outlives_its_connection_is_not_run_a_second_time_beside_itself()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        var gate = new Gate();
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, options =>
        {
            Order(options);
            options.RegisterActivity<int, string>("Wait", (_, _) => gate.PassAsync());
        });
        var first = await sidecar.StreamAsync();
        first.Activity("Wait", 1, "1", token: "old", executionId: "key");
        await gate.Entered(1);

        first.Break();
        var second = await sidecar.StreamAsync();
        second.Activity("Wait", 1, "1", token: "new", executionId: "key");
        second.Turn(FirstTurn());
        await sidecar.TurnAsync();
        gate.Open();

        new[] { (await sidecar.ActivityAsync()).CompletionToken, (await sidecar.ActivityAsync()).CompletionToken }.ShouldBe(["old", "new"], ignoreOrder: true);
        gate.Passed.ShouldBe(1);
    }

    [Fact]
    public async Task A_turn_whose_connection_is_lost_is_not_answered()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        using var entered = new SemaphoreSlim(0);
        using var leave = new SemaphoreSlim(0);
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, options => options.RegisterWorkflow<string, string>("Order", (context, _) =>
        {
            entered.Release();
            leave.Wait(TestContext.Current.CancellationToken);
            return Task.FromResult("done");
        }));
        var first = await sidecar.StreamAsync();
        first.Turn(FirstTurn(), "old");
        await entered.WaitAsync(TestContext.Current.CancellationToken);

        first.Break();
        (await sidecar.StreamAsync()).Turn(FirstTurn(), "new");
        await entered.WaitAsync(TestContext.Current.CancellationToken);
        leave.Release(2);

        (await sidecar.TurnAsync()).CompletionToken.ShouldBe("new");
        await worker.StopAsync();
        sidecar.HasTurn.ShouldBeFalse();
    }

    [Fact]
    public async Task Work_of_an_unknown_kind_is_passed_over()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, Order);
        var stream = await sidecar.StreamAsync();

        stream.Send(new WorkItem { CompletionToken = "?" });
        stream.Turn(FirstTurn());

        await sidecar.TurnAsync();
        worker.Log.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_is_too_large_for_the_sidecar_fails_instead_of_being_lost()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, options =>
        {
            options.RegisterActivity<object?, string>("Greet", (_, _) => Task.FromResult(new string('x', 5_000_000)));
            options.RegisterWorkflow<object?, string>("Order", (_, _) => Task.FromResult(new string('x', 5_000_000)));
        });
        var stream = await sidecar.StreamAsync();

        stream.Activity("Greet");
        var activity = await sidecar.ActivityAsync();
        stream.Turn(FirstTurn(), "7");
        var turn = await sidecar.TurnAsync();

        activity.Result.ShouldBeNull();
        activity.FailureDetails.ErrorType.ShouldBe("PayloadTooLarge");
        activity.FailureDetails.IsNonRetriable.ShouldBeTrue();
        turn.CompletionToken.ShouldBe("7");
        turn.Actions.ShouldHaveSingleItem().CompleteWorkflow.FailureDetails.ErrorType.ShouldBe("PayloadTooLarge");
    }

    [Fact]
    public async Task A_history_that_is_larger_than_a_usual_message_is_received()
    {
        await using var sidecar = await ScriptedSidecar.StartAsync();
        await using var worker = await TestWorker.StartAsync(sidecar.Endpoint, Order);
        var request = FirstTurn();
        request.NewEvents.Add(Happened.Raised("e", $"\"{new string('x', 6_000_000)}\""));

        (await sidecar.StreamAsync()).Turn(request);

        (await sidecar.TurnAsync()).Actions.Count.ShouldBe(1);
    }

    private static void Order(WorkflowRuntimeOptions options)
    {
        options.RegisterWorkflow<string, string>("Order", (context, name) => context.CallActivityAsync<string>("Greet", name));
        options.RegisterActivity<string, string>("Greet", (_, name) => Task.FromResult($"Hello {name}"));
        options.RegisterActivity<string, string>("Fail", (_, _) => throw new InvalidOperationException("out of order"));
    }

    private static WorkflowRequest FirstTurn() =>
        new() { InstanceId = "order-1", NewEvents = { Happened.TurnStarted(), Happened.Started("Order", "\"Ada\"") } };

    private static Task AdvanceUntil(FakeTimeProvider clock, Func<bool> condition, string what) => Poll.Until(
        () =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return condition();
        },
        what);

    /// <summary>Where activities stand until it is opened.</summary>
    private sealed class Gate
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _entered;
        private int _inside;

        public int Inside => _inside;

        public int Most { get; private set; }

        public int Passed { get; private set; }

        public void Open() => _open.SetResult();

        public Task Entered(int count) => Poll.Until(() => _entered >= count, $"{count} at the gate");

        public async Task<string> PassAsync()
        {
            Most = Math.Max(Most, Interlocked.Increment(ref _inside));
            Interlocked.Increment(ref _entered);
            await _open.Task;
            Interlocked.Decrement(ref _inside);
            Passed++;
            return "passed";
        }
    }

    private sealed class Scoped(Scoped.Part part) : WorkflowActivity<object?, string>
    {
        public override Task<string> RunAsync(WorkflowActivityContext context, object? input)
        {
            part.ShouldNotBeNull();
            return Task.FromResult($"{context.Identifier} {context.TaskExecutionKey} {context.InstanceId}");
        }

        internal sealed class Part : IDisposable
        {
            private static int s_made;
            private static int s_disposed;

            public Part() => Interlocked.Increment(ref s_made);

            public static int Made => s_made;

            public static int Disposed => s_disposed;

            public void Dispose() => Interlocked.Increment(ref s_disposed);
        }
    }
}
