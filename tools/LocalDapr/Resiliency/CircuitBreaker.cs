namespace KestrelVoice.LocalDapr.Resiliency;

/// <summary>The numbers of one circuit breaker policy.</summary>
internal sealed record BreakerRule(int MaxRequests, TimeSpan Interval, TimeSpan Timeout, TripRule Trip);

/// <summary>Stops calling what keeps failing, and probes it again after a while. One for each target.</summary>
internal sealed class CircuitBreaker(BreakerRule rule, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private State _state;
    private BreakerCounts _counts;
    private long _generation;
    private long _since = clock.GetTimestamp();

    private enum State
    {
        Closed,
        Open,
        HalfOpen,
    }

    /// <summary>Asks to make one attempt; null means the circuit is open. The ticket goes back with the result.</summary>
    public long? TryEnter()
    {
        lock (_gate)
        {
            Refresh();
            if (_state == State.Open || (_state == State.HalfOpen && _counts.Requests >= rule.MaxRequests))
                return null;
            _counts = _counts with { Requests = _counts.Requests + 1 };
            return _generation;
        }
    }

    public void Leave(long ticket, bool failed)
    {
        lock (_gate)
        {
            Refresh();
            // An attempt that began before the last change says nothing about the present.
            if (ticket != _generation)
                return;
            if (failed)
                Fail();
            else
                Succeed();
        }
    }

    private void Succeed()
    {
        _counts = _counts with
        {
            TotalSuccesses = _counts.TotalSuccesses + 1,
            ConsecutiveSuccesses = _counts.ConsecutiveSuccesses + 1,
            ConsecutiveFailures = 0,
        };
        if (_state == State.HalfOpen && _counts.ConsecutiveSuccesses >= rule.MaxRequests)
            Become(State.Closed);
    }

    private void Fail()
    {
        _counts = _counts with
        {
            TotalFailures = _counts.TotalFailures + 1,
            ConsecutiveFailures = _counts.ConsecutiveFailures + 1,
            ConsecutiveSuccesses = 0,
        };
        if (_state == State.HalfOpen || rule.Trip.Trips(_counts))
            Become(State.Open);
    }

    private void Refresh()
    {
        var elapsed = clock.GetElapsedTime(_since);
        if (_state == State.Open && elapsed >= rule.Timeout)
            Become(State.HalfOpen);
        else if (_state == State.Closed && rule.Interval > TimeSpan.Zero && elapsed >= rule.Interval)
            Become(State.Closed);
    }

    private void Become(State state)
    {
        _state = state;
        _counts = default;
        _generation++;
        _since = clock.GetTimestamp();
    }
}
