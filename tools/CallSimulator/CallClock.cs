namespace KestrelVoice.CallSimulator;

/// <summary>The time of one simulated call: it moves only when something in the call takes time.</summary>
internal sealed class CallClock(DateTimeOffset start) : TimeProvider
{
    private DateTimeOffset now = start.ToUniversalTime();

    public override DateTimeOffset GetUtcNow() => now;

    public void Advance(TimeSpan by) => now += by > TimeSpan.Zero ? by : TimeSpan.Zero;

    public void AdvanceTo(DateTimeOffset instant) => Advance(instant - now);
}
