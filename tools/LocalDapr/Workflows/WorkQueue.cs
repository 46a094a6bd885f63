using System.Threading.Channels;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>Work in the order it came, for whichever stream is free; taken no faster than it is finished where there is a limit.</summary>
internal sealed class WorkQueue<T>(int? limit) : IDisposable
{
    private readonly Channel<T> _items = Channel.CreateUnbounded<T>();
    private readonly SemaphoreSlim? _slots = limit is { } slots ? new SemaphoreSlim(slots) : null;

    public void Add(T item) => _items.Writer.TryWrite(item);

    /// <summary>Takes the next item; each is to be followed by one <see cref="Finish"/>.</summary>
    public async ValueTask<T> TakeAsync(CancellationToken cancellationToken)
    {
        if (_slots is not null)
            await _slots.WaitAsync(cancellationToken);
        try
        {
            return await _items.Reader.ReadAsync(cancellationToken);
        }
        catch
        {
            Finish();
            throw;
        }
    }

    public void Finish() => _slots?.Release();

    public void Dispose() => _slots?.Dispose();
}
