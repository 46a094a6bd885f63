using FsCheck;
using FsCheck.Fluent;
using KestrelVoice.Features.Identity.Credentials;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class ApiKeyTextTests
{
    [Fact]
    public void The_checksum_is_the_one_that_scanners_compute() => ApiKeyText.Checksum(new string('A', 30)).ShouldBe("0uCPlr");

    [Fact]
    public void A_new_key_has_the_documented_form_and_reads_back()
    {
        var key = ApiKeyText.Create();

        key.Text.ShouldMatch("^kv_live_[0-9A-Za-z]{8}_[0-9A-Za-z]{36}$");
        ApiKeyText.TryParse(key.Text, out var read).ShouldBeTrue();
        read.ShouldBe(key);
        key.Prefix.ShouldBe(key.Text[..16]);
        key.Text.ShouldEndWith(key.Last4);
    }

    [Fact]
    public void Keys_do_not_repeat() =>
        Enumerable.Range(0, 1000).Select(_ => ApiKeyText.Create().LookupId).Distinct().Count().ShouldBe(1000);

    [Fact]
    public void A_sandbox_key_is_read_too() =>
        ApiKeyText.TryParse("kv_test_abcdefgh_" + new string('A', 30) + "0uCPlr", out _).ShouldBeTrue();

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("kv_live_")]
    [InlineData("kv_live_abcdefgh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0uCPl")]
    [InlineData("kv_live_abcdefgh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0uCPlrX")]
    [InlineData("kv_dead_abcdefgh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0uCPlr")]
    [InlineData("kv_live_abcdefgh-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0uCPlr")]
    [InlineData("kv_live_abcd-fgh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0uCPlr")]
    [InlineData("kv_live_abcdefgh_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0uCPls")]
    public void Anything_else_is_no_key(string? text) => ApiKeyText.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void One_changed_character_of_the_secret_is_noticed()
    {
        const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        var key = ApiKeyText.Create().Text;
        Check.QuickThrowOnFailure(Prop.ForAll(
            Gen.Choose(17, key.Length - 1).ToArbitrary(), Gen.Elements(Digits.ToCharArray()).ToArbitrary(),
            (at, digit) => digit == key[at] || !ApiKeyText.TryParse(key[..at] + digit + key[(at + 1)..], out _)));
    }
}
