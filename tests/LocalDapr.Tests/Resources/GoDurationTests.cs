using KestrelVoice.LocalDapr.Resources;

namespace KestrelVoice.LocalDapr.Tests.Resources;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("5s", 5_000)]
    [InlineData("500ms", 500)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("-1s", -1_000)]
    [InlineData("250", 250)]
    [InlineData("0", 0)]
    public void Durations_are_read_as_go_writes_them(string text, double milliseconds)
    {
        GoDuration.TryParse(text, out var duration).ShouldBeTrue();
        duration.TotalMilliseconds.ShouldBe(milliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("5 s")]
    [InlineData("5d")]
    [InlineData("five")]
    public void Anything_else_is_no_duration(string text) => GoDuration.TryParse(text, out _).ShouldBeFalse();
}
