using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;

namespace KestrelVoice.Features.Tests.Calls;

public sealed class CallOutcomeTests
{
    private readonly PhoneCall call = new(Guid.Empty, "+15035550100", 1, KestrelVoiceApp.Noon);

    [Fact]
    public void A_call_without_an_end_is_in_progress() => Decide(call.Started(), call.Says("Hello?")).ShouldBe((CallStatus.InProgress, null));

    [Fact]
    public void Saying_something_leaves_a_message() =>
        Decide(call.Started(), call.Says("My sink drips."), call.Ended()).ShouldBe((CallStatus.Completed, CallOutcome.MessageTaken));

    [Fact]
    public void Silence_is_not_a_message() =>
        Decide(call.Started(), call.Says("  "), call.Ended()).ShouldBe((CallStatus.Missed, CallOutcome.Abandoned));

    [Fact]
    public void Pressing_keys_alone_is_not_a_conversation() =>
        Decide(call.Started(), call.Hears("Hello"), call.Presses("9"), call.Ended()).ShouldBe((CallStatus.Missed, CallOutcome.Abandoned));

    [Fact]
    public void Hanging_up_during_the_greeting_is_missed() =>
        Decide(call.Started(), call.Hears("Hello"), call.Ended()).ShouldBe((CallStatus.Missed, CallOutcome.Abandoned));

    [Fact]
    public void Reaching_a_person_is_a_transfer() =>
        Decide(call.Presses("0"), call.Dials(DialTarget.Person, bridged: true), call.Ended()).ShouldBe((CallStatus.Completed, CallOutcome.Transferred));

    [Fact]
    public void Nobody_picking_up_is_missed() =>
        Decide(call.Presses("0"), call.Dials(DialTarget.Person, bridged: false), call.Ended()).ShouldBe((CallStatus.Missed, CallOutcome.NoAnswer));

    [Fact]
    public void Voicemail_after_nobody_picked_up_counts() =>
        Decide(call.Dials(DialTarget.Person, bridged: false), call.Voicemail(2), call.Ended()).ShouldBe((CallStatus.Completed, CallOutcome.Voicemail));

    [Fact]
    public void A_voicemail_of_one_second_is_somebody_hanging_up() =>
        Decide(call.Voicemail(1), call.Ended()).ShouldBe((CallStatus.Missed, CallOutcome.Abandoned));

    [Fact]
    public void A_voicemail_that_Twilio_did_not_keep_does_not_count() =>
        Decide(call.Voicemail(9), call.Recording(RecordingKind.Voicemail, available: false), call.Ended())
            .ShouldBe((CallStatus.Missed, CallOutcome.Abandoned));

    [Fact]
    public void A_voicemail_known_only_by_its_recording_counts() =>
        Decide(call.Recording(RecordingKind.Voicemail, seconds: 8), call.Ended()).ShouldBe((CallStatus.Completed, CallOutcome.Voicemail));

    [Fact]
    public void An_emergency_that_reached_whoever_is_on_call_was_escalated() =>
        Decide(call.Says("burst pipe"), call.Emergency(), call.Dials(DialTarget.OnCall, bridged: true), call.Ended())
            .ShouldBe((CallStatus.Completed, CallOutcome.Escalated));

    [Fact]
    public void Who_booked_has_booked_whatever_was_said_or_whoever_was_reached_afterwards()
    {
        Decide(call.Started(), call.Presses("2"), call.Books(), call.Ended()).ShouldBe((CallStatus.Completed, CallOutcome.AppointmentBooked));
        Decide(call.Says("book"), call.Books(), call.Dials(DialTarget.Person, bridged: true), call.Voicemail(9), call.Ended())
            .ShouldBe((CallStatus.Completed, CallOutcome.AppointmentBooked));
    }

    [Fact]
    public void An_emergency_after_a_booking_was_escalated_only_if_somebody_was_reached()
    {
        Decide(call.Books(), call.Emergency(), call.Dials(DialTarget.OnCall, bridged: true), call.Ended())
            .ShouldBe((CallStatus.Completed, CallOutcome.Escalated));
        Decide(call.Books(), call.Emergency(), call.Dials(DialTarget.OnCall, bridged: false), call.Ended())
            .ShouldBe((CallStatus.Completed, CallOutcome.AppointmentBooked));
    }

    [Fact]
    public void An_emergency_that_reached_nobody_was_not() =>
        Decide(call.Says("burst pipe"), call.Emergency(), call.Dials(DialTarget.OnCall, bridged: false), call.Ended())
            .ShouldBe((CallStatus.Completed, CallOutcome.MessageTaken));

    [Theory]
    [InlineData("busy", nameof(CallOutcome.NoAnswer))]
    [InlineData("no-answer", nameof(CallOutcome.NoAnswer))]
    [InlineData("canceled", nameof(CallOutcome.Abandoned))]
    [InlineData("failed", nameof(CallOutcome.Failed))]
    public void A_call_that_was_never_answered_is_missed(string carrierStatus, string outcome) =>
        Decide(call.Ended(carrierStatus, 0)).ShouldBe((CallStatus.Missed, Enum.Parse<CallOutcome>(outcome)));

    [Fact]
    public void The_summary_quotes_what_made_it_an_emergency_and_says_what_came_of_it()
    {
        var facts = CallFacts.From(
        [
            call.Says("Hi, this is a long sentence about who I am and where I live. There is a Burst Pipe!"), call.Emergency(),
            call.Dials(DialTarget.OnCall, bridged: true), call.Ended(),
        ]);

        CallSummary.Of(facts, CallOutcome.Escalated).ShouldBe("“There is a Burst Pipe!” The emergency was put through to whoever is on call.");
    }

    [Fact]
    public void The_summary_quotes_what_the_caller_needed_not_the_greeting_or_the_goodbye() =>
        CallSummary.Of(
            CallFacts.From([call.Started(), call.Says("Good morning"), call.Says("Hi. My sink leaks."), call.Says("No thank you, that would be all"), call.Ended()]),
            CallOutcome.MessageTaken)
            .ShouldBe("“My sink leaks.” The receptionist took the message.");

    [Fact]
    public void The_summary_of_a_silent_call_is_one_sentence() =>
        CallSummary.Of(CallFacts.From([call.Started(), call.Ended()]), CallOutcome.Abandoned)
            .ShouldBe("The caller hung up before saying what it was about.");

    [Fact]
    public void The_whole_conversation_is_the_recording_rather_than_the_voicemail() =>
        CallFacts.From([call.Recording(RecordingKind.Voicemail, number: 1), call.Recording(RecordingKind.Call, number: 2)])
            .RecordingSid.ShouldBe($"RE{2:x32}");

    private static (CallStatus, CallOutcome?) Decide(params CallEvent[] events) => CallOutcomes.Decide(CallFacts.From(events));
}
