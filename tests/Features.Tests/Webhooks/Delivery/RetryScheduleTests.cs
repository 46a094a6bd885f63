using KestrelVoice.Features.Webhooks.Delivery;
using Microsoft.Extensions.Configuration;

namespace KestrelVoice.Features.Tests.Webhooks.Delivery;

public sealed class RetryScheduleTests
{
    private static readonly RetrySchedule Standard = RetrySchedule.From(new ConfigurationBuilder().Build());

    [Fact]
    public void Nine_attempts_fill_about_28_hours()
    {
        var pauses = Enumerable.Range(1, 20).Select(made => Standard.PauseAfter(made, chance: 0.5, retryAfter: null)).TakeWhile(pause => pause is not null).ToList();

        pauses.Select(pause => pause!.Value).ShouldBe(
        [
            TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30),
            TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(10),
        ]);
        Standard.Attempts.ShouldBe(9);
    }

    [Theory]
    [InlineData(0, 24)]
    [InlineData(0.5, 30)]
    [InlineData(1, 36)]
    public void A_pause_varies_by_a_fifth(double chance, double seconds) =>
        Standard.PauseAfter(2, chance, retryAfter: null).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData(1, 1, 5)]
    [InlineData(1, 90, 90)]
    [InlineData(1, 100_000, 3600)]
    [InlineData(5, 60, 7200)]
    [InlineData(5, 10_000, 10_000)]
    [InlineData(5, 100_000, 14_400)]
    public void A_receiver_may_ask_for_more_time_within_reason(int made, double asked, double seconds) =>
        Standard.PauseAfter(made, chance: 0.5, TimeSpan.FromSeconds(asked)).ShouldBe(TimeSpan.FromSeconds(seconds));

    [Fact]
    public void A_deployment_may_have_its_own_and_a_typing_mistake_is_named()
    {
        Configured("00:00:01", "00:00:02").PauseAfter(2, 0.5, null).ShouldBe(TimeSpan.FromSeconds(2));
        Configured("00:00:01", "00:00:02").Attempts.ShouldBe(3);

        foreach (var wrong in new[] { "soon", "-00:00:01", "00:00:00", "8.00:00:00" })
            Should.Throw<InvalidOperationException>(() => Configured("00:00:01", wrong)).Message.ShouldContain("Webhooks:RetrySchedule:1");
    }

    private static RetrySchedule Configured(params string[] pauses) => RetrySchedule.From(new ConfigurationBuilder()
        .AddInMemoryCollection(pauses.Select((pause, index) => KeyValuePair.Create<string, string?>($"Webhooks:RetrySchedule:{index}", pause))).Build());
}
