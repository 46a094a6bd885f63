using KestrelVoice.LocalDapr.Tests.Harness;
using KestrelVoice.LocalDapr.Workflows;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>The one timer behind all that waits.</summary>
public sealed class AlarmTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly List<DateTimeOffset> _rung = [];
    private readonly Queue<long?> _next = [];

    [Fact]
    public async Task It_rings_once_at_the_soonest_time_and_never_before()
    {
        await using var alarm = new Alarm(_clock, RingAsync);
        alarm.SetFor(In(TimeSpan.FromHours(2)));
        alarm.SetFor(In(TimeSpan.FromHours(1) + TimeSpan.FromTicks(1)));
        alarm.SetFor(In(TimeSpan.FromHours(3)));

        _clock.Advance(TimeSpan.FromHours(1));
        _rung.ShouldBeEmpty();
        _clock.Advance(TimeSpan.FromMilliseconds(1));

        await Poll.Until(() => _rung.Count == 1, "the ring");
        _clock.Advance(TimeSpan.FromDays(1));
        _rung.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task It_asks_for_the_next_time_when_it_has_rung()
    {
        await using var alarm = new Alarm(_clock, RingAsync);
        _next.Enqueue(In(TimeSpan.FromDays(40)));
        alarm.SetFor(In(TimeSpan.Zero));
        await Poll.Until(() => _rung.Count == 1, "the first ring");

        await Poll.Until(
            () =>
            {
                _clock.Advance(TimeSpan.FromDays(1));
                return _rung.Count == 2;
            },
            "the second ring");
        _rung[1].ShouldBeGreaterThanOrEqualTo(_rung[0] + TimeSpan.FromDays(40));
    }

    [Fact]
    public async Task It_notices_that_the_clock_on_the_wall_was_set()
    {
        await using var alarm = new Alarm(_clock, RingAsync);
        alarm.SetFor(In(TimeSpan.FromDays(365)));
        _clock.AdjustTime(_clock.GetUtcNow().AddYears(2));

        _clock.Advance(TimeSpan.FromMinutes(1));

        await Poll.Until(() => _rung.Count == 1, "the ring");
    }

    [Fact]
    public async Task It_tries_again_when_ringing_failed()
    {
        var attempts = 0;
        await using var alarm = new Alarm(_clock, () => ++attempts == 1 ? throw new IOException("disk full") : Task.FromResult<long?>(null));
        alarm.SetFor(In(TimeSpan.Zero));

        await Poll.Until(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(1));
                return attempts == 2;
            },
            "the second attempt");
    }

    private long In(TimeSpan delay) => (_clock.GetUtcNow() + delay).UtcTicks;

    private Task<long?> RingAsync()
    {
        _rung.Add(_clock.GetUtcNow());
        return Task.FromResult(_next.TryDequeue(out var next) ? next : null);
    }
}
