namespace KestrelVoice.Voice.Tests;

/// <summary>The time of day, with timers that take longer: a busy machine must not look like an outage.</summary>
internal sealed class UnhurriedClock : TimeProvider
{
    private const int Slowness = 5;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Slow(dueTime), Slow(period));

    private static TimeSpan Slow(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time * Slowness;
}
