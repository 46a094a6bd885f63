using System.Xml.Linq;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Receptionist;

public sealed class ConversationTests
{
    [Fact]
    public void The_greeting_names_the_business_and_the_recording_before_it_starts()
    {
        var line = new SimulatedLine(Tenant.Open);

        line.Document.Elements().Select(verb => verb.Name.LocalName).ShouldBe(["Say", "Start", "Gather"]);
        line.Document.Element("Say")!.Value.ShouldBe("Thank you for calling Maple Street Plumbing. This call may be recorded.");
        line.Gather!.Attribute("input")!.Value.ShouldBe("speech dtmf");
        line.Gather!.Attribute("hints")!.Value.ShouldBe("gas leak,burst pipe,flood,no heat");
        line.Gather!.Attribute("actionOnEmptyResult")!.Value.ShouldBe("true");
        line.Events[0].ShouldBeOfType<CallStarted>().ShouldSatisfyAllConditions(
            started => started.Sequence.ShouldBe(0), started => started.OpenNow.ShouldBeTrue(), started => started.RecordingNoticePlayed.ShouldBeTrue());
        line.LastSaid.ShouldBe("Thank you for calling Maple Street Plumbing. This call may be recorded. " + Script.AskNeed);
    }

    [Fact]
    public void Without_recording_there_is_neither_notice_nor_recording()
    {
        var line = new SimulatedLine(Tenant.Open with { RecordCalls = false, Greeting = "Maple Street, good day!" });

        line.Document.Elements().Select(verb => verb.Name.LocalName).ShouldBe(["Say", "Gather"]);
        line.Document.Element("Say")!.Value.ShouldBe("Maple Street, good day!");
        line.Events.OfType<CallStarted>().Single().RecordingNoticePlayed.ShouldBeFalse();
    }

    [Fact]
    public void A_message_is_taken_and_the_call_ends_with_a_goodbye()
    {
        var line = new SimulatedLine(Tenant.Open).Says("My kitchen sink is clogged.").Says("It also smells").Says("No, that's all. Thanks!");

        line.IsOver.ShouldBeTrue();
        line.Document.Elements().Select(verb => verb.Name.LocalName).ShouldBe(["Say", "Hangup"]);
        line.LastSaid.ShouldBe(Script.MessageTaken);
        line.Events.OfType<TurnSpoken>().Where(turn => turn.Speaker == Speaker.Caller).Select(turn => (turn.Text, turn.Confidence))
            .ShouldBe([("My kitchen sink is clogged.", 0.9), ("It also smells", 0.9), ("No, that's all. Thanks!", 0.9)]);
    }

    [Fact]
    public void Only_the_first_document_starts_a_recording()
    {
        var line = new SimulatedLine(Tenant.Open).Says("My sink is clogged").KeepsSilent().Presses("9");

        line.Documents.Select(document => document.Elements("Start").Count()).ShouldBe([1, 0, 0, 0]);
    }

    [Theory]
    [InlineData("0", null)]
    [InlineData(null, "I want to speak to a human")]
    public void A_caller_who_asks_for_a_person_is_put_through(string? keys, string? speech)
    {
        var line = new SimulatedLine(Tenant.Open).Hears(CallerInput.Of(keys, speech, null));

        line.Dial!.Element("Number")!.Value.ShouldBe(Tenant.Person);
        line.Dial!.Attribute("timeout")!.Value.ShouldBe("20");
        line.Dial!.Attribute("callerId")!.Value.ShouldBe(Tenant.Number);
        line.Dial!.Attribute("answerOnBridge")!.Value.ShouldBe("true");

        line.DialEnds("completed", bridged: true, seconds: 42);
        line.IsOver.ShouldBeTrue();
        line.Document.Elements().Single().Name.LocalName.ShouldBe("Hangup");
        line.Events[^1].ShouldBeOfType<PersonDialed>().ShouldSatisfyAllConditions(
            dialed => dialed.Target.ShouldBe(DialTarget.Person), dialed => dialed.Bridged.ShouldBeTrue(), dialed => dialed.DurationSeconds.ShouldBe(42));
    }

    [Theory]
    [InlineData("no-answer")]
    [InlineData("busy")]
    [InlineData("failed")]
    [InlineData("canceled")]
    public void A_person_who_is_not_reached_leads_to_the_voicemail(string result)
    {
        var line = new SimulatedLine(Tenant.Open).Presses("0").DialEnds(result);

        line.Record.ShouldNotBeNull();
        line.LastSaid.ShouldBe(Script.PersonDidNotAnswer);
        line.Events.OfType<PersonDialed>().Single().Result.ShouldBe(result);
        line.Events.OfType<PersonDialed>().Single().Bridged.ShouldBeFalse();
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Tenant.Number)]
    [InlineData("911")]
    [InlineData("+0123456789")]
    [InlineData("sip:someone@example.com")]
    public void Without_a_number_that_can_be_dialled_there_is_the_voicemail(string? number) =>
        new SimulatedLine(Tenant.Open with { PersonNumber = number }).Presses("0").LastSaid.ShouldBe(Script.NobodyToConnect);

    [Fact]
    public void A_voicemail_is_recorded_with_its_callbacks_and_taken()
    {
        var line = new SimulatedLine(Tenant.Open).Presses("9");

        line.Record!.Attribute("maxLength")!.Value.ShouldBe("120");
        line.Record!.Attribute("timeout")!.Value.ShouldBe("5");
        line.Record!.Attribute("recordingStatusCallback")!.Value.ShouldStartWith("https://voice.example/voice/recording/voicemail?n=1&");
        line.Document.Elements().Select(verb => verb.Name.LocalName).ShouldBe(["Say", "Record", "Say", "Hangup"]);

        line.LeavesVoicemail(12);
        line.LastSaid.ShouldBe(Script.VoicemailTaken);
        line.Events.OfType<VoicemailLeft>().Single().ShouldSatisfyAllConditions(
            left => left.DurationSeconds.ShouldBe(12), left => left.RecordingSid.ShouldBe("RE11112222333344445555666677778888"));
    }

    [Fact]
    public void A_voicemail_of_nothing_is_none()
    {
        var line = new SimulatedLine(Tenant.Open).Presses("9").LeavesVoicemail(0);

        line.Events.OfType<VoicemailLeft>().ShouldBeEmpty();
        line.LastSaid.ShouldBe(Script.NothingRecorded);
    }

    [Fact]
    public void An_emergency_is_told_and_put_through_at_once()
    {
        var line = new SimulatedLine(Tenant.Open).Says("Help, there is a GAS LEAK!");

        line.LastSaid.ShouldStartWith(Script.Safety);
        line.Dial!.Element("Number")!.Value.ShouldBe(Tenant.OnCall);
        line.Events.OfType<EmergencyDetected>().Single().Phrase.ShouldBe("gas leak");

        line.DialEnds("no-answer");
        line.Events.OfType<PersonDialed>().Single().Target.ShouldBe(DialTarget.OnCall);
        line.LastSaid.ShouldBe(Script.OnCallDidNotAnswer);

        line.LeavesVoicemail(9);
        line.LastSaid.ShouldBe(Script.UrgentVoicemailTaken);
    }

    [Fact]
    public void An_emergency_may_come_late() =>
        new SimulatedLine(Tenant.Open).Says("My sink is clogged").KeepsSilent().Says("now the pipe has burst")
            .Dial!.Element("Number")!.Value.ShouldBe(Tenant.OnCall);

    [Fact]
    public void Nobody_on_call_leaves_the_person()
    {
        var line = new SimulatedLine(Tenant.Open with { OnCallNumber = null }).Says("flood");

        line.Dial!.Element("Number")!.Value.ShouldBe(Tenant.Person);
        line.DialEnds("busy").Events.OfType<PersonDialed>().Single().Target.ShouldBe(DialTarget.OnCall);
    }

    [Fact]
    public void An_emergency_with_nobody_to_call_leads_to_an_urgent_voicemail()
    {
        var line = new SimulatedLine(Tenant.Open with { OnCallNumber = null, PersonNumber = null }).Says("flood");

        line.LastSaid.ShouldBe(Script.NobodyOnCall);
        line.LeavesVoicemail(3).LastSaid.ShouldBe(Script.UrgentVoicemailTaken);
    }

    [Fact]
    public void After_hours_the_voicemail_follows_a_short_chance_to_tell_an_emergency()
    {
        var line = new SimulatedLine(Tenant.Closed);

        line.Document.Elements().Select(verb => verb.Name.LocalName).ShouldBe(["Say", "Start", "Gather", "Say", "Record", "Say", "Hangup"]);
        line.Gather!.Attribute("actionOnEmptyResult")!.Value.ShouldBe("false");
        line.LastSaid.ShouldContain("closed");
        line.Events.OfType<CallStarted>().Single().OpenNow.ShouldBeFalse();
        line.LeavesVoicemail(5).LastSaid.ShouldBe(Script.VoicemailTaken);
    }

    [Theory]
    [InlineData("1", null, ScriptedEngine.EmergencyKeyPhrase)]
    [InlineData(null, "a flood in the kitchen", "flood")]
    public void After_hours_an_emergency_still_reaches_somebody(string? keys, string? speech, string phrase)
    {
        var line = new SimulatedLine(Tenant.Closed).Hears(CallerInput.Of(keys, speech, null));

        line.Dial!.Element("Number")!.Value.ShouldBe(Tenant.OnCall);
        line.Events.OfType<EmergencyDetected>().Single().Phrase.ShouldBe(phrase);
    }

    [Theory]
    [InlineData("0", null)]
    [InlineData("9", null)]
    [InlineData(null, "let me talk to a person")]
    [InlineData(null, "my sink is clogged")]
    public void After_hours_everything_else_goes_to_the_voicemail(string? keys, string? speech)
    {
        var line = new SimulatedLine(Tenant.Closed).Hears(CallerInput.Of(keys, speech, null));

        line.Record.ShouldNotBeNull();
        line.Dial.ShouldBeNull();
        line.Events.OfType<TurnSpoken>().Count(turn => turn.Speaker == Speaker.Caller).ShouldBe(1);
    }

    [Fact]
    public void While_open_key_1_is_no_emergency() =>
        new SimulatedLine(Tenant.Open).Presses("1").Events.OfType<EmergencyDetected>().ShouldBeEmpty();

    [Fact]
    public void Silence_is_asked_about_twice_and_then_offered_the_voicemail()
    {
        var line = new SimulatedLine(Tenant.Open).KeepsSilent().KeepsSilent();
        line.Gather.ShouldNotBeNull();

        line.KeepsSilent();
        line.Record.ShouldNotBeNull();
        line.LastSaid.ShouldBe(Script.NothingHeard);
        line.Events.OfType<TurnSpoken>().ShouldAllBe(turn => turn.Speaker == Speaker.Receptionist);
    }

    [Fact]
    public void Silence_after_a_message_ends_the_call_with_the_message_taken() =>
        new SimulatedLine(Tenant.Open).Says("My sink is clogged").KeepsSilent().KeepsSilent().KeepsSilent().LastSaid.ShouldBe(Script.MessageTaken);

    [Fact]
    public void A_caller_who_speaks_again_may_be_silent_again() =>
        new SimulatedLine(Tenant.Open).KeepsSilent().KeepsSilent().Presses("5").KeepsSilent().KeepsSilent().Gather.ShouldNotBeNull();

    [Fact]
    public void The_conversation_has_a_limit()
    {
        var line = new SimulatedLine(Tenant.Open);
        for (var i = 1; i <= ScriptedEngine.MaxInputs; i++)
        {
            line.IsOver.ShouldBeFalse();
            line.Says($"And another thing, number {i}");
        }
        line.IsOver.ShouldBeTrue();
        line.LastSaid.ShouldBe(Script.MessageTaken);
    }

    [Fact]
    public void A_caller_who_is_gone_hears_nothing_more()
    {
        var line = new SimulatedLine(Tenant.Open).Presses("0").DialEnds("no-answer", hangsUp: true);

        line.IsOver.ShouldBeTrue();
        line.Events[^1].ShouldBeOfType<PersonDialed>();
    }

    [Fact]
    public void A_voicemail_that_ends_with_the_call_is_kept()
    {
        var line = new SimulatedLine(Tenant.Open).Presses("9").LeavesVoicemail(4, hangsUp: true);

        line.Events[^1].ShouldBeOfType<VoicemailLeft>().DurationSeconds.ShouldBe(4);
        line.IsOver.ShouldBeTrue();
    }

    [Fact]
    public void When_nobody_can_tell_whose_number_it_is_the_caller_still_gets_a_voicemail()
    {
        var line = new SimulatedLine(settings: null);

        line.Document.Elements().Select(verb => verb.Name.LocalName).ShouldBe(["Say", "Record", "Say", "Hangup"]);
        line.Events.ShouldAllBe(callEvent => callEvent.Call.TenantId == null);
        line.LeavesVoicemail(7).Events.OfType<VoicemailLeft>().Count().ShouldBe(1);
    }

    [Fact]
    public void Another_language_is_spoken_without_an_American_voice()
    {
        var line = new SimulatedLine(Tenant.Open with { Language = "de-DE" });

        line.Gather!.Attribute("language")!.Value.ShouldBe("de-DE");
        line.Document.Descendants("Say").ShouldAllBe(say => say.Attribute("voice") == null && say.Attribute("language")!.Value == "de-DE");
    }

    [Fact]
    public void No_URL_carries_a_number_or_a_word_of_the_caller()
    {
        var line = new SimulatedLine(Tenant.Open).Says("my secret sink").Presses("0").DialEnds("busy");

        line.Documents.SelectMany(document => document.DescendantsAndSelf().Attributes()).Where(attribute => attribute.Value.StartsWith("https:", StringComparison.Ordinal))
            .ShouldAllBe(url => !url.Value.Contains("1503", StringComparison.Ordinal) && !url.Value.Contains("sink", StringComparison.Ordinal));
    }
}
