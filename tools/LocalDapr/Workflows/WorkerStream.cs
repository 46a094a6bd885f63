using Grpc.Core;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>A connected worker: what it is sent goes out one item at a time, and it has to read.</summary>
internal sealed class WorkerStream(IServerStreamWriter<WorkItem> writer, CancellationToken gone) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>Cancelled when the worker has left.</summary>
    public CancellationToken Gone => gone;

    public async Task SendAsync(WorkItem item)
    {
        await _writing.WaitAsync(gone);
        try
        {
            await writer.WriteAsync(item, gone).WaitAsync(s_patience, gone);
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose() => _writing.Dispose();
}
