namespace KestrelVoice.Features.Kernel;

/// <summary>
/// One question under way for each key. Whoever asks meanwhile joins those who wait for the next: nobody gets an answer to a question that was asked before his own.
/// </summary>
internal sealed class JoinedQuestions<TKey, TAnswer>
    where TKey : notnull
{
    private readonly Lock _lock = new();

    // Under way, with those who wait for the next one, if any.
    private readonly Dictionary<TKey, TaskCompletionSource<TAnswer>?> _asked = [];

    /// <param name="key">Whose questions are alike.</param>
    /// <param name="ask">Asks; for everybody who waits, so nobody's leaving may end it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<TAnswer> AskAsync(TKey key, Func<Task<TAnswer>> ask, CancellationToken cancellationToken)
    {
        Task<TAnswer>? next = null;
        lock (_lock)
        {
            if (!_asked.TryGetValue(key, out var waiting))
                _asked[key] = null;
            else
                next = (_asked[key] = waiting ?? new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
        if (next is not null)
            return await next.WaitAsync(cancellationToken);
        try
        {
            return await ask();
        }
        finally
        {
            _ = AskForThoseWhoWaitAsync(key, ask);
        }
    }

    private async Task AskForThoseWhoWaitAsync(TKey key, Func<Task<TAnswer>> ask)
    {
        while (TakeWaiting(key) is { } waiting)
        {
            try
            {
                waiting.SetResult(await ask());
            }
            catch (Exception failure)
            {
                waiting.SetException(failure);
            }
        }
    }

    private TaskCompletionSource<TAnswer>? TakeWaiting(TKey key)
    {
        lock (_lock)
        {
            if (_asked[key] is { } waiting)
            {
                _asked[key] = null;
                return waiting;
            }
            _asked.Remove(key);
            return null;
        }
    }
}
