using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Receptionist;

public sealed class WordsTests
{
    [Theory]
    [InlineData("gas leak", "There is a gas leak")]
    [InlineData("gas leak", "GAS, LEAK!")]
    [InlineData("gas leak", "gas... leak?")]
    [InlineData("gas leak", "gas leaks everywhere")]
    [InlineData("gas leak", "gas has a leak")]
    [InlineData("Gas-Leak", "we smell a gas leak")]
    [InlineData("burst pipe", "my pipe has just burst")]
    [InlineData("burst pipe", "burst pipes in the basement")]
    [InlineData("no heat", "we have no heat")]
    [InlineData("no heat", "there's no more heat")]
    [InlineData("can't breathe", "I can\u2019t breathe")]
    [InlineData("flood", "Flood")]
    [InlineData("water is everywhere", "the water is just everywhere")]
    [InlineData("x a b", "x a b a")]
    [InlineData("überflutung", "eine ÜBERFLUTUNG im Keller")]
    [InlineData("水漏れ", "水漏れ です")]
    public void A_phrase_is_found(string phrase, string utterance) => Words.Contain(Words.Of(utterance), phrase).ShouldBeTrue();

    [Theory]
    [InlineData("flood", "install a floodlight")]
    [InlineData("flood", "flooring")]
    [InlineData("gas leak", "gas")]
    [InlineData("gas leak", "gas bill, and there may be a small leak")]
    [InlineData("no heat", "does the heat work? no")]
    [InlineData("burst pipe", "a burst of energy for the old pipe")]
    [InlineData("water is everywhere", "everywhere is water")]
    [InlineData("", "anything")]
    [InlineData(" ,.! ", "anything")]
    [InlineData("flood", "")]
    public void What_only_resembles_it_is_not(string phrase, string utterance) => Words.Contain(Words.Of(utterance), phrase).ShouldBeFalse();
}
