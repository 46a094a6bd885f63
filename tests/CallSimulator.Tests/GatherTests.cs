using KestrelVoice.CallSimulator.Scripts;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class GatherTests
{
    private const string Goodbye = "<Response><Hangup/></Response>";

    [Fact]
    public async Task Words_arrive_with_a_confidence_and_keys_do_not()
    {
        var turn = await AnswerAsync("""<Gather input="speech" action="/turn"/>""", new Step.Say("a leak", Confidence: 0.5));

        turn["SpeechResult"].ShouldBe("a leak");
        turn["Confidence"].ShouldBe("0.5");
        turn.Form.ShouldNotContainKey("Digits");
    }

    [Theory]
    [InlineData("""<Gather action="/turn" numDigits="1"/>""", "95", "9", null)]
    [InlineData("""<Gather action="/turn"/>""", "12#34", "12", "#")]
    [InlineData("""<Gather action="/turn" finishOnKey="*"/>""", "1#2*", "1#2", "*")]
    [InlineData("""<Gather action="/turn" finishOnKey=""/>""", "1#2*", "1#2*", null)]
    [InlineData("""<Gather action="/turn" numDigits="2"/>""", "12#", "12", null)]
    public async Task Keys_end_at_their_number_or_at_the_finishing_key(string gather, string pressed, string digits, string? finishedBy)
    {
        var turn = await AnswerAsync(gather, new Step.Press(pressed));

        turn["Digits"].ShouldBe(digits);
        turn["FinishedOnKey"].ShouldBe(finishedBy);
        turn.Form.ShouldNotContainKey("SpeechResult");
    }

    [Fact]
    public async Task Silence_falls_through_to_the_next_verb()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Gather action="/turn"><Say>Well?</Say></Gather><Say>Nobody there.</Say></Response>""");

        var trace = await app.CallAsync(new Step.Wait(), new Step.Hears("nobody there"), new Step.Ends("completed"));

        trace.WithoutProblems().Heard.ShouldBe(["Well?", "Nobody there."]);
        app.To("/turn").ShouldBeEmpty();
    }

    [Fact]
    public async Task Silence_is_told_when_the_app_asks_for_it()
    {
        var turn = await AnswerAsync("""<Gather input="speech dtmf" action="/turn" actionOnEmptyResult="true"/>""", new Step.Wait());

        turn.Form.ShouldNotContainKey("Digits");
        turn.Form.ShouldNotContainKey("SpeechResult");
    }

    [Fact]
    public async Task Words_are_lost_on_a_question_for_keys()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Gather action="/turn"/><Say>Keys only.</Say></Response>""");

        var trace = await app.CallAsync(new Step.Say("a leak"), new Step.Hears("keys only"));

        app.To("/turn").ShouldBeEmpty();
        trace.Entries.OfType<CallerActed>().ShouldContain(acted => acted.Act == "said" && !acted.Used);
    }

    [Fact]
    public async Task An_interruption_cuts_the_question_short()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Gather input="dtmf" numDigits="1" action="/turn"><Say>First.</Say><Say>Second.</Say></Gather></Response>""")
            .Answers("/turn", Goodbye);

        var trace = await app.CallAsync(new Step.Press("0", Interrupts: true));

        trace.WithoutProblems().Heard.ShouldBe(["First."]);
        app.To("/turn").ShouldHaveSingleItem()["Digits"].ShouldBe("0");
    }

    [Fact]
    public async Task Where_interruptions_are_off_the_question_is_heard_to_its_end()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Gather bargeIn="false" action="/turn"><Say>First.</Say><Say>Second.</Say></Gather></Response>""");

        var trace = await app.CallAsync(new Step.Press("0", Interrupts: true));

        trace.Heard.ShouldBe(["First.", "Second."]);
        app.To("/turn").ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_an_action_the_answer_goes_back_to_the_document()
    {
        await using var app = await TwimlApp.StartAsync();
        var asked = 0;
        app.Answers("/voice/incoming", async context =>
        {
            context.Response.ContentType = "text/xml";
            await context.Response.WriteAsync(Interlocked.Increment(ref asked) == 1 ? "<Response><Gather/></Response>" : Goodbye);
        });

        (await app.CallAsync(new Step.Press("1#"))).WithoutProblems();

        app.To("/voice/incoming").Last()["Digits"].ShouldBe("1");
    }

    [Fact]
    public async Task A_GET_action_carries_its_parameters_in_a_signed_query()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Gather input="speech" method="GET" action="/turn?n=1"/></Response>""").Answers("/turn", Goodbye);

        (await app.CallAsync(new Step.Say("a + b & c"))).WithoutProblems();

        var turn = app.To("/turn").ShouldHaveSingleItem();
        turn.Method.ShouldBe("GET");
        turn.RawTarget.ShouldStartWith("/turn?n=1&CallSid=CA");
        turn.RawTarget.ShouldContain("SpeechResult=a%20%2B%20b%20%26%20c");
        turn.Headers["X-Twilio-Signature"].ShouldBe(Webhooks.TwilioSignature.Compute(TwimlApp.AuthToken, app.BaseUrl + turn.RawTarget, []));
    }

    [Fact]
    public async Task A_hang_up_at_a_question_tells_nobody_but_the_status_callback()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Gather action="/turn"><Say>Well?</Say></Gather></Response>""");

        var trace = await app.CallAsync(new Step.Hears("well"), new Step.HangUp());

        app.Requests.Select(request => request.Path).ShouldBe(["/voice/incoming", "/voice/status"]);
        trace.Entries.OfType<CallOver>().Single().By.ShouldBe("caller");
    }

    [Fact]
    public async Task Some_seconds_of_silence_may_span_questions()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Gather timeout="5" action="/turn"/><Gather timeout="5" action="/late" numDigits="1"/></Response>""")
            .Answers("/late", Goodbye);

        var trace = await app.CallAsync(new Step.Wait(7), new Step.Press("1"));

        app.Requests.Select(request => request.Path).ShouldBe(["/voice/incoming", "/late", "/voice/status"]);
        trace.Entries.OfType<CallerActed>().Single(acted => acted.Act == "pressed").At.ShouldBe(TwimlApp.Morning.AddSeconds(7));
    }

    private static async Task<TwimlApp.Received> AnswerAsync(string gather, Step step)
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", $"<Response>{gather}</Response>").Answers("/turn", Goodbye);

        (await app.CallAsync(step)).WithoutProblems();

        return app.To("/turn").ShouldHaveSingleItem();
    }
}
