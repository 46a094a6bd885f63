using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.TaskHub;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>What a Configuration says about workflows.</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task No_more_turns_and_activities_run_at_once_than_allowed()
    {
        await using var run = await StartAsync("maxConcurrentWorkflowInvocations: 2, globalMaxConcurrentActivityInvocations: 3");
        await using var hub = await TaskHubLink.ConnectAsync(run);
        await using var second = await TaskHubLink.ConnectAsync(run);
        var (turns, activities) = (new Gauge(), new Gauge());
        foreach (var worker in (TaskHubLink[])[hub, second])
            _ = worker.ServeAsync(Turn, Activity);
        for (var i = 0; i < 10; i++)
            await hub.StartAsync($"i{i}");

        for (var i = 0; i < 10; i++)
            (await hub.CompletedAsync($"i{i}")).WorkflowStatus.ShouldBe(OrchestrationStatus.Completed);
        turns.Highest.ShouldBeLessThanOrEqualTo(2);
        activities.Highest.ShouldBe(3);

        IEnumerable<WorkflowAction> Turn(WorkflowRequest request)
        {
            using (turns.Enter())
                return request.Has(HistoryEvent.EventTypeOneofCase.TaskCompleted) ? [Actions.Complete()] : request.PastEvents.Count > 0 ? [] : [Actions.Activity(0)];
        }

        async Task<string?> Activity(ActivityRequest request)
        {
            using (activities.Enter())
                await Task.WhenAny(activities.Reached(3), Task.Delay(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
            return "1";
        }
    }

    [Fact]
    public async Task What_has_ended_is_forgotten_when_its_time_is_over()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var run = await StartAsync("stateRetentionPolicy: { anyTerminal: 1h, failed: 2h }", clock);
        await using var hub = await TaskHubLink.ConnectAsync(run);
        _ = hub.ServeAsync(request => [Actions.Complete(status: request.InstanceId == "failed" ? OrchestrationStatus.Failed : OrchestrationStatus.Completed)]);
        await hub.StartAsync("failed");
        await hub.StartAsync("completed");
        await hub.CompletedAsync("failed");
        await hub.CompletedAsync("completed");

        clock.Advance(TimeSpan.FromMinutes(61));
        await Poll.Until(async () => await hub.StateAsync("completed") is null, () => "the first to be forgotten");
        (await hub.StateAsync("failed")).ShouldNotBeNull();
        clock.Advance(TimeSpan.FromMinutes(60));
        await Poll.Until(async () => await hub.StateAsync("failed") is null, () => "the second to be forgotten");
    }

    [Fact]
    public async Task Workflows_in_a_store_that_forgets_do_not_outlive_the_run()
    {
        Assert.SkipWhen(DaprRun.IsReal, "Restarting the CLI does not restart Redis.");
        await using var run = new DaprRun().WithFile("statestore.yaml",
            """
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: { name: statestore }
            spec:
              type: state.in-memory
              version: v1
              metadata: [ { name: actorStateStore, value: "true" } ]
            """);
        await run.WithApp("host").StartAsync();
        await using (var hub = new TaskHubLink(run.GrpcPort("host")))
            await hub.StartAsync("one");
        await run.StopAsync();
        await run.StartAsync();
        await using var next = new TaskHubLink(run.GrpcPort("host"));

        (await next.StateAsync("one")).ShouldBeNull();
    }

    private static Task<DaprRun> StartAsync(string workflow, TimeProvider? clock = null)
    {
        Assert.SkipWhen(DaprRun.IsReal, "Time of a real daprd cannot be set.");
        var run = new DaprRun { Clock = clock ?? TimeProvider.System };
        File.WriteAllText(
            Path.Combine(run.Folder, "config.yaml"),
            $"apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {{ name: c }}\nspec: {{ workflow: {{ {workflow} }} }}\n");
        return run.WithApp("host", settings: "configFilePath: ./config.yaml").StartAsync();
    }

    /// <summary>How many are in at once, at most.</summary>
    private sealed class Gauge
    {
        private readonly Lock _gate = new();
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _now;
        private int _awaited = int.MaxValue;

        public int Highest { get; private set; }

        public Leaving Enter()
        {
            lock (_gate)
            {
                Highest = Math.Max(Highest, ++_now);
                if (_now >= _awaited)
                    _reached.TrySetResult();
            }
            return new Leaving(this);
        }

        public Task Reached(int count)
        {
            lock (_gate)
            {
                _awaited = count;
                if (_now >= count)
                    _reached.TrySetResult();
            }
            return _reached.Task;
        }

        internal sealed class Leaving(Gauge gauge) : IDisposable
        {
            public void Dispose()
            {
                lock (gauge._gate)
                    gauge._now--;
            }
        }
    }
}
