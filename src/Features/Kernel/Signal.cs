namespace KestrelVoice.Features.Kernel;

/// <summary>Wakes a background loop before its pause is over. Given while the loop works, it is kept; given often, it counts once.</summary>
internal sealed class Signal(TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _given = new(0, 1);

    public void Give()
    {
        try
        {
            _given.Release();
        }
        catch (SemaphoreFullException)
        {
            // It has been given, and not been taken yet.
        }
    }

    /// <summary>Returns when it is given, when the pause is over, or when <paramref name="cancellationToken"/> says so: never by an exception.</summary>
    public async Task WaitAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        using var over = new CancellationTokenSource(pause, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        await _given.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose() => _given.Dispose();
}
