using Grpc.Core;
using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.LocalDapr.Workflows;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>What goes to a worker, and what becomes of it when somebody goes away.</summary>
public sealed class WorkerStreamTests
{
    [Fact]
    public async Task It_has_not_ended_while_it_writes()
    {
        var writer = new SlowWriter();
        var stream = new WorkerStream(writer);
        using var leaving = new CancellationTokenSource();
        stream.Give(new TurnInFlight("one", stream, "token"));
        var sending = stream.SendAsync(_ => Task.FromResult<WorkItem?>(new WorkItem()), leaving.Token);
        await writer.Began;

        await leaving.CancelAsync();

        sending.IsCompleted.ShouldBeFalse();
        writer.End();
        await Should.ThrowAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task A_worker_that_does_not_read_keeps_nobody_from_stopping()
    {
        await using var run = await new DaprRun().WithApp("host").StartAsync();
        await using var hub = await TaskHubLink.ConnectAsync(run);
        var large = new string('x', 3 << 20);
        foreach (var id in Enumerable.Range(0, 8))
            await hub.StartAsync($"i{id}", large);

        await run.StopAsync();

        await run.StartAsync();
        await using var worker = await TaskHubLink.ConnectAsync(run);
        (await worker.NextTurnAsync()).NewEvents[1].ExecutionStarted.Input.ShouldBe(large);
    }

    /// <summary>Goes on writing until told, even when it was cancelled, as a socket does for a moment.</summary>
    private sealed class SlowWriter : IServerStreamWriter<WorkItem>
    {
        private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Began => _began.Task;

        public WriteOptions? WriteOptions { get; set; }

        public void End() => _end.SetResult();

        public Task WriteAsync(WorkItem message) => WriteAsync(message, CancellationToken.None);

        public async Task WriteAsync(WorkItem message, CancellationToken cancellationToken)
        {
            _began.SetResult();
            await _end.Task;
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
