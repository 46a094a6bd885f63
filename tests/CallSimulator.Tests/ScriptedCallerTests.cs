using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Scripts;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class ScriptedCallerTests
{
    public static TheoryData<string, Step[], int, string> Misfits => new()
    {
        { "not heard", [new Step.Hears("goodbye", 1), new Step.Press("1")], 1, "expected to hear \"goodbye\"; heard: Hello. Press 1." },
        { "heard", [new Step.HearsNot("HELLO", 2), new Step.Press("1")], 2, "expected not to hear \"HELLO\"" },
        { "regex not heard", [new Step.Hears(new TextMatch("^Press", IsRegex: true), 1)], 1, "expected to hear /^Press/" },
        { "goes on", [new Step.Ends(Line: 3)], 3, "expected the call to end, but it goes on" },
        { "not dialled", [new Step.Dialled("+15035550110", 4)], 4, "expected +15035550110 to be dialled, but no phone was" },
        { "other verb", [new Step.Verb("Record", 5)], 5, "expected a Record, but there was Say, Gather" },
        { "record at a question", [new Step.Record(new Message(5, MessageEnd.Silence), 6)], 6, "waits for an answer, but the script says Record" },
        { "ring without a step", [new Step.Press("1"), new Step.Press("2", Line: 7)], 7, "the phone +15035550110 rings, and the script does not say" },
        { "wrong number", [new Step.Press("1"), new Step.Dial(RingMove.Answered(1)), new Step.Dialled("+15035550120", 8)], 8, "but +15035550110 was" },
        { "step too many", [new Step.Press("1"), new Step.Dial(RingMove.Answered(1)), new Step.Press("3", Line: 9)], 9, "the call was ended by the receptionist" },
        { "other end", [new Step.Press("1"), new Step.Dial(RingMove.Answered(1)), new Step.Ends("busy", 10)], 10, "expected the call to end as busy, but it ended as completed" },
        { "heard before, not since", [new Step.Press("1"), new Step.Dial(RingMove.Answered(1)), new Step.Hears("hello", 11)], 11, "nothing was heard since" },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public async Task The_first_step_that_does_not_fit_is_named_and_the_call_ends(string name, Step[] steps, int line, string reason)
    {
        await using var app = await MenuAsync();
        var caller = new ScriptedCaller(steps);

        var trace = await app.CallAsync(app.Plan(), caller);

        var failure = caller.Failure.ShouldNotBeNull(name);
        failure.Reason.ShouldContain(reason);
        failure.Line.ShouldBe(line);
        trace.WithoutProblems().StatusDelivered.ShouldBeTrue();
    }

    [Fact]
    public async Task A_script_that_fits_has_no_failure()
    {
        await using var app = await MenuAsync();
        var caller = new ScriptedCaller(
            new Step.Hears("hello"), new Step.Verb("Gather"), new Step.HearsNot("goodbye"), new Step.Press("1"),
            new Step.Verb("Dial"), new Step.Dialled("+15035550110"), new Step.Dial(RingMove.Answered(1)), new Step.Ends());

        await app.CallAsync(app.Plan(), caller);

        caller.Failure.ShouldBeNull();
    }

    [Fact]
    public async Task A_hang_up_step_does_not_wait_for_the_question()
    {
        await using var app = await MenuAsync();
        var caller = new ScriptedCaller(new Step.Hears("hello"), new Step.HangUp(), new Step.Ends("completed"));

        var trace = await app.CallAsync(app.Plan(), caller);

        caller.Failure.ShouldBeNull();
        trace.Heard.ShouldBe(["Hello."]);
    }

    [Fact]
    public async Task Words_said_after_the_beep_are_a_message()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Record action="/recorded"/></Response>""").Answers("/recorded", "<Response/>");

        var trace = await app.CallAsync(new Step.Say("this is Dana and my sink leaks since noon"));

        trace.Recordings.ShouldHaveSingleItem().Seconds.ShouldBe(4);
    }

    private static async Task<TwimlApp> MenuAsync()
    {
        var app = await TwimlApp.StartAsync();
        return app
            .Answers("/voice/incoming", """<Response><Say>Hello.</Say><Gather numDigits="1" action="/turn"><Say>Press 1.</Say></Gather></Response>""")
            .Answers("/turn", """<Response><Dial>+15035550110</Dial></Response>""");
    }
}
