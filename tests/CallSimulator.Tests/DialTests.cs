using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Scripts;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class DialTests
{
    private const string Leg = """statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed" """;

    [Fact]
    public async Task An_answered_phone_is_connected_and_told_with_its_duration()
    {
        await using var app = await DialAppAsync($"""<Dial action="/dialed" callerId="+15035550100"><Number {Leg}>+15035550110</Number></Dial>""");

        var trace = await app.CallAsync(new Step.Dial(RingMove.Answered(40)), new Step.Dialled("+15035550110"), new Step.Ends("completed"));

        trace.WithoutProblems().Dials.ShouldHaveSingleItem().Seconds.ShouldBe(40);
        var dialed = app.To("/dialed").ShouldHaveSingleItem();
        dialed["DialCallStatus"].ShouldBe("completed");
        dialed["DialBridged"].ShouldBe("true");
        dialed["DialCallDuration"].ShouldBe("40");
        dialed["DialCallSid"]!.ShouldMatch("^CA[0-9a-f]{32}$");
        dialed["DialCallSid"].ShouldNotBe(trace.CallSid);
        var legs = app.To("/leg").ToList();
        legs.Select(leg => leg["CallStatus"]).ShouldBe(["initiated", "ringing", "in-progress", "completed"]);
        legs.Select(leg => leg["SequenceNumber"]).ShouldBe(["0", "1", "2", "3"]);
        legs.ShouldAllBe(leg => leg["ParentCallSid"] == trace.CallSid && leg["CallSid"] == dialed["DialCallSid"] && leg["From"] == "+15035550100");
        legs[^1]["CallDuration"].ShouldBe("40");
    }

    [Theory]
    [InlineData(RingResult.Busy, "busy")]
    [InlineData(RingResult.NoAnswer, "no-answer")]
    [InlineData(RingResult.Failed, "failed")]
    [InlineData(RingResult.Canceled, "canceled")]
    public async Task A_phone_that_nobody_answers_is_told_without_a_duration(RingResult result, string status)
    {
        await using var app = await DialAppAsync("""<Dial action="/dialed">+15035550110</Dial>""");

        (await app.CallAsync(new Step.Dial(new RingMove(result)), new Step.Ends("completed"))).WithoutProblems();

        var dialed = app.To("/dialed").ShouldHaveSingleItem();
        dialed["DialCallStatus"].ShouldBe(status);
        dialed["DialBridged"].ShouldBe("false");
        dialed.Form.ShouldNotContainKey("DialCallDuration");
        dialed["CallStatus"].ShouldBe("in-progress");
    }

    [Fact]
    public async Task A_phone_answered_after_the_timeout_is_not_answered()
    {
        await using var app = await DialAppAsync("""<Dial action="/dialed" timeout="10">+15035550110</Dial>""");

        await app.CallAsync(new Step.Dial(new RingMove(RingResult.Answered, TalkSeconds: 30, RingSeconds: 12)));

        app.To("/dialed").Single()["DialCallStatus"].ShouldBe("no-answer");
    }

    [Fact]
    public async Task Of_phones_that_ring_at_once_the_first_answered_wins()
    {
        await using var app = await DialAppAsync($"""<Dial action="/dialed"><Number {Leg}>+15035550110</Number><Number {Leg}>+15035550120</Number></Dial>""");

        var trace = await app.CallAsync(new Step.Dial(new RingMove(RingResult.Busy)), new Step.Dial(RingMove.Answered(5)));

        trace.WithoutProblems().Dials.Select(dial => (dial.Number, dial.Status)).ShouldBe([("+15035550110", "busy"), ("+15035550120", "completed")]);
        app.To("/dialed").Single()["DialCallStatus"].ShouldBe("completed");
    }

    [Fact]
    public async Task Without_an_action_the_next_verb_is_played()
    {
        await using var app = await DialAppAsync("<Dial>+15035550110</Dial><Say>Nobody answered.</Say>");

        var trace = await app.CallAsync(new Step.Dial(new RingMove(RingResult.NoAnswer)), new Step.Hears("nobody answered"));

        trace.WithoutProblems();
    }

    [Fact]
    public async Task A_caller_who_gives_up_while_it_rings_is_told_as_canceled()
    {
        await using var app = await DialAppAsync("""<Dial action="/dialed">+15035550110</Dial>""");

        var trace = await app.CallAsync(new Step.Dialled("+15035550110"), new Step.HangUp());

        trace.WithoutProblems().Status.ShouldBe("completed");
        var dialed = app.To("/dialed").ShouldHaveSingleItem();
        dialed["DialCallStatus"].ShouldBe("canceled");
        dialed["CallStatus"].ShouldBe("completed");
    }

    [Fact]
    public async Task A_caller_who_ends_the_talk_hears_nothing_more()
    {
        await using var app = await DialAppAsync("""<Dial action="/dialed">+15035550110</Dial>""");
        app.Answers("/dialed", "<Response><Say>Goodbye.</Say></Response>");

        var trace = await app.CallAsync(new Step.Dial(RingMove.Answered(12, callerEnds: true)), new Step.Ends("completed"));

        trace.WithoutProblems().Heard.ShouldBeEmpty();
        app.To("/dialed").Single()["DialCallDuration"].ShouldBe("12");
    }

    [Fact]
    public async Task A_call_that_is_picked_up_only_by_the_other_side_counts_from_there()
    {
        await using var app = await DialAppAsync("""<Dial action="/dialed" answerOnBridge="true">+15035550110</Dial>""");

        var trace = await app.CallAsync(new Step.Dial(new RingMove(RingResult.Answered, TalkSeconds: 20, RingSeconds: 7)));

        trace.WithoutProblems().Seconds.ShouldBe(20);
    }

    [Fact]
    public async Task A_recorded_talk_is_told_to_the_action_and_by_its_own_callback()
    {
        await using var app = await DialAppAsync("""<Dial action="/dialed" record="record-from-answer-dual" recordingStatusCallback="/leg">+15035550110</Dial>""");

        (await app.CallAsync(new Step.Dial(RingMove.Answered(9)))).WithoutProblems();

        app.To("/leg").Single()["RecordingSource"].ShouldBe("DialVerb");
        app.To("/dialed").Single()["RecordingUrl"].ShouldEndWith(app.To("/leg").Single()["RecordingSid"]!);
    }

    private static async Task<TwimlApp> DialAppAsync(string dial)
    {
        var app = await TwimlApp.StartAsync();
        return app.Answers("/voice/incoming", $"<Response>{dial}</Response>")
            .Answers("/dialed", "<Response><Hangup/></Response>")
            .Answers("/leg", "<Response/>");
    }
}
