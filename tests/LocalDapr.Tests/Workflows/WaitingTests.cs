using System.Collections.Concurrent;
using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.TaskHub;
using Microsoft.Extensions.Time.Testing;
using Kind = KestrelVoice.TaskHub.HistoryEvent.EventTypeOneofCase;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>What waits costs nothing, however much of it there is.</summary>
public sealed class WaitingTests
{
    private const int Many = 10_000;

    [Fact]
    public async Task Ten_thousand_waiting_instances_need_one_timer_and_all_fire_once_after_a_restart()
    {
        Assert.SkipWhen(DaprRun.IsReal, "Time of a real daprd cannot be set.");
        var clock = new CountingClock();
        await using var run = await new DaprRun { Clock = clock }.WithApp("host").StartAsync();
        var due = clock.GetUtcNow() + TimeSpan.FromHours(28);
        var fired = new ConcurrentDictionary<string, int>();
        await using (var hub = await TaskHubLink.ConnectAsync(run))
        {
            _ = hub.ServeAsync(Work);
            await hub.StartAsync("first");
            await Poll.Until(async () => (await hub.HistoryAsync("first")).Count > 2, () => "the first to wait");
            var timers = clock.Timers;
            await Parallel.ForAsync(1, Many, new ParallelOptions { MaxDegreeOfParallelism = 256 }, async (i, _) => await hub.StartAsync($"i{i}"));
            await Poll.Until(() => Task.FromResult(hub.Answered == Many), () => $"all to wait; {hub.Answered} do", TimeSpan.FromMinutes(3));
            await Poll.Until(() => clock.Timers == timers, () => $"{clock.Timers} timers instead of {timers}");
        }

        await run.StopAsync();
        clock.Timers.ShouldBe(0);
        await run.StartAsync();
        var idle = clock.Timers;
        await using var worker = await TaskHubLink.ConnectAsync(run);
        _ = worker.ServeAsync(Work);
        clock.Advance(TimeSpan.FromHours(27));
        await worker.StateAsync("first");
        worker.Seen.ShouldBeEmpty();
        clock.Timers.ShouldBe(idle);
        clock.Advance(TimeSpan.FromHours(1));

        await Poll.Until(() => Task.FromResult(fired.Count == Many), () => $"all to fire; {fired.Count} have", TimeSpan.FromMinutes(3));
        await Poll.Until(async () => (await worker.StateAsync("first"))!.WorkflowStatus == OrchestrationStatus.Completed, () => "the first to end");
        fired.Values.ShouldAllBe(times => times == 1);

        IEnumerable<WorkflowAction> Work(WorkflowRequest request)
        {
            if (!request.Has(Kind.TimerFired))
                return [Actions.Timer(0, due)];
            fired.AddOrUpdate(request.InstanceId, 1, (_, times) => times + 1);
            return [Actions.Complete()];
        }
    }

    /// <summary>Time that stands still, and how many timers are set on it.</summary>
    private sealed class CountingClock() : FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))
    {
        private int _timers;

        public int Timers => Volatile.Read(ref _timers);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref _timers);
            return new Counted(this, base.CreateTimer(callback, state, dueTime, period));
        }

        private sealed class Counted(CountingClock clock, ITimer timer) : ITimer
        {
            private int _disposed;

            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _disposed, 1) == 0)
                    Interlocked.Decrement(ref clock._timers);
                timer.Dispose();
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }
}
