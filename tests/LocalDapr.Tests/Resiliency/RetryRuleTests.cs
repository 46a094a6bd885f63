using KestrelVoice.LocalDapr.Resiliency;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.LocalDapr.Tests.Resiliency;

public sealed class RetryRuleTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void A_constant_retry_waits_the_same_each_time_and_stops_after_its_count() =>
        Pauses(new RetryRule(Exponential: false, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(60), MaxRetries: 3, [])).ShouldBe([2, 2, 2]);

    [Fact]
    public void No_retries_means_no_pause() =>
        Pauses(new RetryRule(Exponential: false, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(60), MaxRetries: 0, [])).ShouldBeEmpty();

    [Fact]
    public void An_exponential_retry_grows_to_its_cap() =>
        Pauses(new RetryRule(Exponential: true, TimeSpan.Zero, TimeSpan.FromSeconds(2), MaxRetries: 6, [])).ShouldBe([0.5, 0.75, 1.125, 1.6875, 2, 2], tolerance: 0.001);

    [Theory]
    [InlineData(0, 0.25)]
    [InlineData(0.5, 0.5)]
    [InlineData(1, 0.75)]
    public void Pauses_are_spread_by_half_to_either_side(double random, double first) =>
        Pauses(new RetryRule(Exponential: true, TimeSpan.Zero, TimeSpan.FromSeconds(60), MaxRetries: 1, []), random).ShouldBe([first], tolerance: 0.001);

    [Fact]
    public void An_exponential_retry_without_a_count_gives_up_after_a_quarter_of_an_hour() =>
        Pauses(new RetryRule(Exponential: true, TimeSpan.Zero, TimeSpan.FromSeconds(60), MaxRetries: -1, [])).Sum().ShouldBeInRange(14 * 60, 15 * 60);

    private List<double> Pauses(RetryRule rule, double random = 0.5)
    {
        var next = rule.Pauses(_clock, () => random);
        var pauses = new List<double>();
        while (next() is { } pause)
        {
            pauses.Add(pause.TotalSeconds);
            _clock.Advance(pause);
        }
        return pauses;
    }
}
