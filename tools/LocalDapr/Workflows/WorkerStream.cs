using System.Threading.Channels;
using Grpc.Core;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>A connected worker: what it is given goes out one item at a time, and it has to read.</summary>
internal sealed class WorkerStream(IServerStreamWriter<WorkItem> writer)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly Channel<InFlight> _outbox = Channel.CreateUnbounded<InFlight>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>How much it was given and has not answered yet.</summary>
    public int Load { get; set; }

    public void Give(InFlight flight) => _outbox.Writer.TryWrite(flight);

    /// <summary>Sends what is given until the worker leaves, or reads no longer.</summary>
    /// <param name="prepare">Makes an item of what was given; null when there is nothing to do after all.</param>
    /// <param name="cancellationToken">Cancelled when the worker has left.</param>
    public async Task SendAsync(Func<InFlight, Task<WorkItem?>> prepare, CancellationToken cancellationToken)
    {
        await foreach (var flight in _outbox.Reader.ReadAllAsync(cancellationToken))
        {
            if (await prepare(flight) is not { } item)
                continue;
            // It is the write itself that ends: one that was left behind would touch a request that is over.
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(s_patience);
            await writer.WriteAsync(item, patience.Token);
        }
    }
}
