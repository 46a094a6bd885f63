namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>
/// One timer for all that is ever due: it knows the soonest time only and asks for the next when that has come. Never rings early.
/// </summary>
internal sealed class Alarm : IAsyncDisposable
{
    // The clock of the wall may be set, and a machine that slept did not count: so it is looked at now and then. No disk is.
    private static readonly TimeSpan s_longestNap = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly TimeProvider _clock;
    private readonly Func<Task<long?>> _ring;
    private readonly ITimer _timer;
    private long _due = long.MaxValue;
    private Task _ringing = Task.CompletedTask;
    private bool _isRinging;
    private bool _disposed;

    /// <param name="clock">Time.</param>
    /// <param name="ring">Does what is due and returns when the next is, in ticks of UTC.</param>
    public Alarm(TimeProvider clock, Func<Task<long?>> ring)
    {
        (_clock, _ring) = (clock, ring);
        _timer = clock.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Rings at this time, in ticks of UTC, unless it is to ring sooner anyway.</summary>
    public void SetFor(long due)
    {
        lock (_gate)
        {
            if (due >= _due || _disposed)
                return;
            _due = due;
            Nap();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task ringing;
        lock (_gate)
        {
            _disposed = true;
            ringing = _ringing;
        }
        await _timer.DisposeAsync();
        await ringing;
    }

    private void Wake()
    {
        lock (_gate)
        {
            if (_disposed || _isRinging)
                return;
            if (_due > _clock.GetUtcNow().UtcTicks)
            {
                Nap();
                return;
            }
            (_due, _isRinging) = (long.MaxValue, true);
            _ringing = Task.Run(RingAsync);
        }
    }

    private async Task RingAsync()
    {
        long? next;
        try
        {
            next = await _ring();
        }
#pragma warning disable CA1031 // A disk that is full now may not be in a while.
        catch (Exception)
#pragma warning restore CA1031
        {
            next = (_clock.GetUtcNow() + s_retry).UtcTicks;
        }
        lock (_gate)
        {
            (_due, _isRinging) = (Math.Min(_due, next ?? long.MaxValue), false);
            Nap();
        }
    }

    private void Nap()
    {
        if (_disposed || _due == long.MaxValue)
            return;
        var remaining = TimeSpan.FromTicks(Math.Max(0, _due - _clock.GetUtcNow().UtcTicks));
        // Timers count whole milliseconds and cut off the rest.
        var nap = remaining > s_longestNap ? s_longestNap : TimeSpan.FromMilliseconds(Math.Ceiling(remaining.TotalMilliseconds));
        _timer.Change(nap, Timeout.InfiniteTimeSpan);
    }
}
