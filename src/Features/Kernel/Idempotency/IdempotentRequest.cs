namespace KestrelVoice.Features.Kernel.Idempotency;

/// <summary>Commits what a slice wrote. With an Idempotency-Key the commit waits for the answer and takes it along: docs/adr/0017.</summary>
/// <remarks>Committing is the last thing that such a slice does: until it has answered, other connections see nothing of it.</remarks>
internal sealed class IdempotentRequest : IAsyncDisposable
{
    private bool _waits;
    private TenantTransaction? _waiting;

    public async Task CommitAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        if (!_waits)
            await transaction.CommitAsync(cancellationToken);
        else if (_waiting is null)
            _waiting = transaction.HandOver();
        else
            throw new InvalidOperationException("A request with an Idempotency-Key commits once.");
    }

    internal bool HasWritten => _waiting is not null;

    internal void WaitForAnswer() => _waits = true;

    /// <summary>What waits for its answer, for the caller to end; null when nothing was written.</summary>
    internal TenantTransaction? TakeOver()
    {
        var waiting = _waiting;
        _waiting = null;
        return waiting;
    }

    public ValueTask DisposeAsync() => TakeOver()?.DisposeAsync() ?? ValueTask.CompletedTask;
}
