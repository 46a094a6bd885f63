using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Twilio;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Voice.Tests.Calls;

public sealed class PartySealTests
{
    private static readonly CallHeader Call = new("CA1", "AC1", null, "+15035550142", "+15035550100", "inbound", DateTimeOffset.UnixEpoch);

    private readonly PartySeal _seal = With("token");

    [Theory]
    [InlineData("+15035550142")]
    [InlineData("anonymous")]
    [InlineData("client:jürgen 🚰")]
    public void What_was_sealed_opens(string from) =>
        _seal.Open("CA1", _seal.Seal(Call with { From = from })).ShouldBe(new Parties(from, "+15035550100", "inbound"));

    [Fact]
    public void A_line_break_cannot_pass_for_another_party() =>
        _seal.Open("CA1", _seal.Seal(Call with { From = "a\n+1" })).ShouldBe(new Parties("a +1", "+15035550100", "inbound"));

    [Fact]
    public void The_same_call_has_the_same_seal_and_another_call_another() =>
        (_seal.Seal(Call) == _seal.Seal(Call with { StartedAt = DateTimeOffset.MaxValue }), _seal.Seal(Call) == _seal.Seal(Call with { CallSid = "CA2" })).ShouldBe((true, false));

    [Fact]
    public void It_opens_for_its_call_alone_and_only_unchanged()
    {
        var text = _seal.Seal(Call);

        _seal.Open("CA2", text).ShouldBeNull();
        With("another").Open("CA1", text).ShouldBeNull();
        for (var i = 0; i < text.Length; i++)
            _seal.Open("CA1", text.Remove(i, 1).Insert(i, text[i] == 'A' ? "Q" : "A")).ShouldBeNull();
        foreach (var garbage in new[] { "", "A", "%%%", text[..20], text + "AAAA", new string('A', 5000) })
            _seal.Open("CA1", garbage).ShouldBeNull();
    }

    [Fact]
    public void While_the_token_rotates_older_seals_still_open() => With("new", "token").Open("CA1", _seal.Seal(Call)).ShouldNotBeNull();

    private static PartySeal With(string token, string? previous = null) => new(Options.Create(new TwilioOptions { AuthToken = token, PreviousAuthToken = previous }));
}
