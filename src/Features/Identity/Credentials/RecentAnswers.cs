using System.Collections.Concurrent;

namespace KestrelVoice.Features.Identity.Credentials;

/// <summary>Answers remembered for a moment: many requests with one credential cost one look-up, and none outlives its time.</summary>
internal sealed class RecentAnswers<TKey, TAnswer>(TimeProvider clock, TimeSpan lifetime, int capacity)
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Entry> _entries = new();

    internal async Task<TAnswer> GetAsync(TKey key, Func<TKey, CancellationToken, Task<TAnswer>> ask, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (_entries.TryGetValue(key, out var known) && known.Until > now)
            return await known.Answer.WaitAsync(cancellationToken);

        if (_entries.Count >= capacity)
            MakeRoom(now);
        // Started for everybody who waits, so one of them leaving must not cancel it.
        var fresh = new Entry(ask(key, CancellationToken.None), now + lifetime);
        _entries[key] = fresh;
        try
        {
            return await fresh.Answer.WaitAsync(cancellationToken);
        }
        catch when (fresh.Answer.IsFaulted || fresh.Answer.IsCanceled)
        {
            _entries.TryRemove(KeyValuePair.Create(key, fresh));
            throw;
        }
    }

    internal void Forget(TKey key) => _entries.TryRemove(key, out _);

    internal void ForgetAll() => _entries.Clear();

    private void MakeRoom(DateTimeOffset now)
    {
        foreach (var entry in _entries.Where(entry => entry.Value.Until <= now))
            _entries.TryRemove(entry);
        if (_entries.Count >= capacity)
            _entries.Clear();
    }

    private sealed record Entry(Task<TAnswer> Answer, DateTimeOffset Until);
}
