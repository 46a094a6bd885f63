namespace KestrelVoice.Features.Calendars;

/// <summary>Of all who want to see the same at once, one looks. Who comes while somebody looks waits for the next look: nobody sees what was before they came.</summary>
internal sealed class SharedLooks<TWhere, TSeen>
    where TWhere : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TWhere, (Task<TSeen> Now, Task<TSeen>? Next)> _looks = [];

    /// <param name="look">Ends by itself: it is others' as well.</param>
    public Task<TSeen> LookAsync(TWhere where, Func<Task<TSeen>> look)
    {
        lock (_gate)
        {
            if (!_looks.TryGetValue(where, out var looks))
                looks = (RunAsync(where, Task.CompletedTask, look), null);
            else
                looks.Next ??= RunAsync(where, looks.Now, look);
            _looks[where] = looks;
            return looks.Next ?? looks.Now;
        }
    }

    private async Task<TSeen> RunAsync(TWhere where, Task before, Func<Task<TSeen>> look)
    {
        // Never within the lock, and whatever became of the look before.
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            return await look();
        }
        finally
        {
            lock (_gate)
            {
                if (_looks[where].Next is { } next)
                    _looks[where] = (next, null);
                else
                    _looks.Remove(where);
            }
        }
    }
}
