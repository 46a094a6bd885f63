using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Receptionist;

public sealed class IntentTests
{
    [Theory]
    [InlineData("I want to talk to a human", Intent.Person)]
    [InlineData("Representative!", Intent.Person)]
    [InlineData("Can I speak with someone please?", Intent.Person)]
    [InlineData("let me talk to somebody", Intent.Person)]
    [InlineData("is there a real person", Intent.Person)]
    [InlineData("operator", Intent.Person)]
    [InlineData("someone I can talk to", Intent.Person)]
    [InlineData("I'd like to leave a message", Intent.Voicemail)]
    [InlineData("voicemail", Intent.Voicemail)]
    [InlineData("voice mail please", Intent.Voicemail)]
    [InlineData("Yes.", Intent.Yes)]
    [InlineData("yes please", Intent.Yes)]
    [InlineData("actually, there is one more thing", Intent.Yes)]
    [InlineData("No.", Intent.Closing)]
    [InlineData("no, thank you, goodbye", Intent.Closing)]
    [InlineData("No that's all", Intent.Closing)]
    [InlineData("that\u2019s it, thanks", Intent.Closing)]
    [InlineData("bye", Intent.Closing)]
    [InlineData("never mind", Intent.Closing)]
    [InlineData("Hello?", Intent.Hello)]
    [InlineData("hi there", Intent.Hello)]
    [InlineData("My kitchen sink is clogged", Intent.Message)]
    [InlineData("yes, my sink is clogged as well", Intent.Message)]
    [InlineData("no hot water", Intent.Message)]
    [InlineData("hello my name is Sam", Intent.Message)]
    [InlineData("...", Intent.Message)]
    public void An_utterance_asks_for(string utterance, object intent) => Intents.Recognise(Words.Of(utterance)).ShouldBe((Intent)intent);
}
