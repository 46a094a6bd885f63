namespace KestrelVoice.Features.Kernel;

/// <summary>
/// One question under way for each key. Whoever asks meanwhile joins those who wait for the next: nobody gets an answer to a question that was asked before his own.
/// </summary>
internal sealed class JoinedQuestions<TKey, TAnswer>
    where TKey : notnull
{
    private readonly Lock _lock = new();

    // Under way, with those who wait for the next one, if any.
    private readonly Dictionary<TKey, Next?> _asked = [];

    /// <param name="key">Whose questions are alike.</param>
    /// <param name="ask">Asks; for everybody who waits, so nobody's leaving may end it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<TAnswer> AskAsync(TKey key, Func<Task<TAnswer>> ask, CancellationToken cancellationToken) => AskAsync(key, ask).WaitAsync(cancellationToken);

    private async Task<TAnswer> AskAsync(TKey key, Func<Task<TAnswer>> ask)
    {
        Task<TAnswer>? next = null;
        lock (_lock)
        {
            if (!_asked.TryGetValue(key, out var waiting))
                _asked[key] = null;
            else
                next = (_asked[key] = waiting ?? new Next(ask)).Answer.Task;
        }
        if (next is not null)
            return await next;
        try
        {
            return await ask();
        }
        finally
        {
            _ = AskForThoseWhoWaitAsync(key);
        }
    }

    private async Task AskForThoseWhoWaitAsync(TKey key)
    {
        while (TakeWaiting(key) is { } waiting)
        {
            try
            {
                waiting.Answer.SetResult(await waiting.Ask());
            }
            catch (Exception failure)
            {
                waiting.Answer.SetException(failure);
            }
        }
    }

    private Next? TakeWaiting(TKey key)
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

    // As the first of those who wait would ask.
    private sealed record Next(Func<Task<TAnswer>> Ask)
    {
        public TaskCompletionSource<TAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
