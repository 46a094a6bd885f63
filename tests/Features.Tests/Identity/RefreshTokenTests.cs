using KestrelVoice.Features.Identity.Embedded;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class RefreshTokenTests
{
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    [Fact]
    public void The_current_token_rotates() =>
        RefreshToken.Judge(presented: 4, current: 4, Long).ShouldBe(RefreshToken.Verdict.Rotate);

    [Fact]
    public void The_parent_repeats_the_current_one_however_late() =>
        RefreshToken.Judge(presented: 3, current: 4, Long).ShouldBe(RefreshToken.Verdict.RepeatCurrent);

    [Theory]
    [InlineData(10.0, true)]
    [InlineData(10.001, false)]
    public void Anything_older_is_forgiven_for_ten_seconds(double seconds, bool forgiven) =>
        RefreshToken.Judge(presented: 1, current: 4, TimeSpan.FromSeconds(seconds))
            .ShouldBe(forgiven ? RefreshToken.Verdict.RepeatCurrent : RefreshToken.Verdict.Stolen);

    [Fact]
    public void Later_tokens_are_reached_from_any_earlier_one()
    {
        var secret = RefreshToken.NewSecret();
        var first = RefreshToken.First();
        var second = RefreshToken.Next(secret, first);
        var third = RefreshToken.Next(secret, second);

        RefreshToken.Later(secret, first, 2).ShouldBe(third);
        RefreshToken.Later(secret, second, 1).ShouldBe(third);
        RefreshToken.Next(RefreshToken.NewSecret(), first).ShouldNotBe(second);
        new[] { first, second, third }.ShouldAllBe(token => token.Length == 43);
    }
}
