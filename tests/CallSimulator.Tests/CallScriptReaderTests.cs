using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Scripts;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class CallScriptReaderTests
{
    [Fact]
    public void Every_key_and_step_is_read()
    {
        var script = CallScriptReader.Read("all.yaml",
            """
            description: Everything at once.
            from: "+15035550142"
            to: "+15035550100"
            caller_name: DANA MILLER
            forwarded_from: "+15035550199"
            seed: 42
            starts_at: 2026-03-02T09:30:00-08:00
            steps:
              - say: my sink leaks
              - say: { text: now, confidence: 0.5, interrupt: true }
              - press: 0
              - press: { keys: "12#", interrupt: true }
              - wait
              - wait: 3
              - hang_up
              - record: 8
              - record: { seconds: 9, finish: "#" }
              - record: { seconds: 9, finish: hang_up }
              - dial: busy
              - dial: { answered: 40, rings: 3, hung_up_by: caller }
              - hears: leak
              - hears_not: { regex: "sorry|cannot" }
              - dialled: "+15035550110"
              - verb: Gather
              - ends
              - ends: completed
            call_log:
              within: 5
              status: completed
              outcome: escalated
              emergency: true
              recording: false
              turns_contain: [leak, { regex: "si.k" }]
            text: is booked
            """);

        script.ShouldSatisfyAllConditions(
            () => script.Description.ShouldBe("Everything at once."),
            () => script.From.ShouldBe("+15035550142"),
            () => script.To.ShouldBe("+15035550100"),
            () => script.CallerName.ShouldBe("DANA MILLER"),
            () => script.ForwardedFrom.ShouldBe("+15035550199"),
            () => script.Seed.ShouldBe(42),
            () => script.Text.ShouldBe(new TextMatch("is booked")),
            () => script.StartsAt.ShouldBe(new DateTimeOffset(2026, 3, 2, 17, 30, 0, TimeSpan.Zero)));
        script.Steps.ShouldBe(
        [
            new Step.Say("my sink leaks", Line: 9),
            new Step.Say("now", 0.5, Interrupts: true, Line: 10),
            new Step.Press("0", Line: 11),
            new Step.Press("12#", Interrupts: true, Line: 12),
            new Step.Wait(Line: 13),
            new Step.Wait(3, 14),
            new Step.HangUp(15),
            new Step.Record(new Message(8, MessageEnd.Silence), 16),
            new Step.Record(new Message(9, MessageEnd.Key, '#'), 17),
            new Step.Record(new Message(9, MessageEnd.HangUp), 18),
            new Step.Dial(new RingMove(RingResult.Busy), 19),
            new Step.Dial(new RingMove(RingResult.Answered, 40, 3, CallerEnds: true), 20),
            new Step.Hears("leak", 21),
            new Step.HearsNot(new TextMatch("sorry|cannot", IsRegex: true), 22),
            new Step.Dialled("+15035550110", 23),
            new Step.Verb("Gather", 24),
            new Step.Ends(Line: 25),
            new Step.Ends("completed", 26),
        ]);
        var log = script.CallLog.ShouldNotBeNull();
        (log.Within, log.Status, log.Outcome, log.Emergency, log.Recording).ShouldBe((TimeSpan.FromSeconds(5), "completed", "escalated", true, false));
        log.TurnsContain.ShouldBe([new TextMatch("leak"), new TextMatch("si.k", IsRegex: true)]);
    }

    [Theory]
    [InlineData("steps: []\nform: x", 2, "unknown key 'form'")]
    [InlineData("from: x", 1, "steps must be a list")]
    [InlineData("- say: x", 1, "must be a mapping")]
    [InlineData("steps: []\nseed: many", 2, "seed must be a whole number")]
    [InlineData("steps: []\nstarts_at: soon", 2, "starts_at must be a time")]
    [InlineData("steps: []\nsteps: []", 2, "uplicate key")]
    [InlineData("steps:\n  - says: x", 2, "unknown step 'says'")]
    [InlineData("steps:\n  - say: a\n    press: 1", 2, "a step is one key")]
    [InlineData("steps:\n  - say", 2, "say needs a value")]
    [InlineData("steps:\n  - press: #", 2, "press needs a value")]
    [InlineData("steps:\n  - press: a1", 2, "0-9 * #")]
    [InlineData("steps:\n  - say: { text: a, loud: true }", 2, "unknown key 'loud'")]
    [InlineData("steps:\n  - say: { text: a, confidence: 2 }", 2, "from 0 to 1")]
    [InlineData("steps:\n  - say: { text: a, interrupt: maybe }", 2, "neither true nor false")]
    [InlineData("steps:\n  - wait: long", 2, "wait must be a whole number")]
    [InlineData("steps:\n  - hang_up: now", 2, "hang_up takes no value")]
    [InlineData("steps:\n  - record: { finish: hang_up }", 2, "record needs seconds")]
    [InlineData("steps:\n  - record: { seconds: 2, finish: shout }", 2, "finish must be")]
    [InlineData("steps:\n  - dial: maybe", 2, "not one of busy")]
    [InlineData("steps:\n  - dial: { answered: 2, hung_up_by: dog }", 2, "not one of callee, caller")]
    [InlineData("steps:\n  - hears: { regex: '(' }", 2, "hears:")]
    [InlineData("steps:\n  - hears: { like: a }", 2, "regex:")]
    [InlineData("steps:\n  - ends: well", 2, "not one of completed")]
    [InlineData("steps: []\ncall_log:\n  state: completed", 3, "unknown key 'state'")]
    [InlineData("steps: []\ncall_log:\n  emergency: perhaps", 3, "neither true nor false")]
    [InlineData("steps: [", 2, "did not find expected node content")]
    [InlineData("", 1, "exactly one YAML document")]
    public void What_nobody_would_act_on_is_an_error_with_its_line(string yaml, int line, string message)
    {
        var exception = Should.Throw<CallScriptException>(() => CallScriptReader.Read("wrong.yaml", yaml));

        exception.Message.ShouldContain(message);
        exception.Message.ShouldStartWith($"wrong.yaml line {line}: ");
        exception.Line.ShouldBe(line);
    }

    public static TheoryData<string> Examples => [.. Directory.GetFiles(Path.Combine(Checkout.Root, "docs", "examples"), "*.yaml")];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task The_examples_are_scripts_that_expect_a_call_log(string path)
    {
        var script = await CallScriptReader.ReadFileAsync(path, TestContext.Current.CancellationToken);

        script.Description.ShouldNotBeNullOrEmpty();
        script.Steps.ShouldNotBeEmpty();
        script.CallLog.ShouldNotBeNull().Outcome.ShouldNotBeNull();
    }
}
