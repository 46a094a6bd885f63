using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Scripts;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class CallEndTests
{
    [Theory]
    [InlineData("""<Reject/>""", "no-answer", "487")]
    [InlineData("""<Reject reason="busy"/>""", "busy", "486")]
    [InlineData("""<Hangup/>""", "no-answer", "487")]
    [InlineData("""<Say>Hello.</Say>""", "completed", null)]
    [InlineData("", "no-answer", "487")]
    public async Task A_call_ends_as_its_verbs_say(string verbs, string status, string? sipCode)
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", $"<Response>{verbs}</Response>");

        var trace = await app.CallAsync(new Step.Ends(status));

        trace.WithoutProblems().Status.ShouldBe(status);
        var ended = app.To("/voice/status").ShouldHaveSingleItem();
        ended["CallStatus"].ShouldBe(status);
        ended["SipResponseCode"].ShouldBe(sipCode);
        ended["SequenceNumber"].ShouldBe("0");
        ended["CallbackSource"].ShouldBe("call-progress-events");
        ended["CallDuration"].ShouldBe(status == "completed" ? "1" : "0");
    }

    [Fact]
    public async Task A_leading_pause_lets_it_ring_and_a_redirect_does_not_pick_up()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Pause length="4"/><Redirect>next?x=1</Redirect><Say>Never.</Say></Response>""")
            .Answers("/voice/next", """<Response><Pause length="2"/><Say>Hello there.</Say><Redirect method="GET">last</Redirect></Response>""")
            .Answers("/voice/last", "<Response><Hangup/></Response>");

        var trace = await app.CallAsync(new Step.Ends("completed"));

        trace.WithoutProblems().Heard.ShouldBe(["Hello there."]);
        app.To("/voice/next").Single()["CallStatus"].ShouldBe("ringing");
        app.To("/voice/last").Single().RawTarget.ShouldContain("CallStatus=in-progress");
        app.To("/voice/status").Single()["Timestamp"].ShouldBe("Mon, 02 Mar 2026 17:30:07 +0000");
    }

    [Fact]
    public async Task A_call_that_goes_in_circles_ends()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", "<Response><Redirect/></Response>");

        var trace = await app.CallAsync(new Step.Ends());

        trace.Problems.ShouldHaveSingleItem().Message.ShouldContain("circles");
        trace.StatusDelivered.ShouldBeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task A_caller_may_quit_at_any_moment_and_the_end_is_still_told(int moment)
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Say>Hello.</Say><Gather action="/turn" numDigits="1"><Say>Well?</Say></Gather></Response>""")
            .Answers("/turn", """<Response><Dial action="/dialed">+15035550110</Dial></Response>""")
            .Answers("/dialed", """<Response><Record action="/recorded"/></Response>""")
            .Answers("/recorded", "<Response/>");

        var caller = new ScriptedCaller(new Step.Press("1"), new Step.Dial(new RingMove(RingResult.Busy)), new Step.Record(new Message(5, MessageEnd.Silence)));
        var trace = await app.CallAsync(app.Plan(), new QuittingCaller(caller, moment));

        trace.WithoutProblems().Entries.OfType<CallOver>().Single().By.ShouldBe("caller");
        app.To("/voice/status").ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Cookies_stay_within_their_call()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", async context =>
        {
            context.Response.Headers.SetCookie = "kv=1; Path=/; HttpOnly";
            context.Response.ContentType = "application/xml";
            await context.Response.WriteAsync("<Response><Redirect>next</Redirect></Response>");
        });
        app.Answers("/voice/next", "<Response><Hangup/></Response>");

        await app.CallAsync(app.Plan(seed: 1));
        await app.CallAsync(app.Plan(seed: 2));

        app.To("/voice/next").ShouldAllBe(request => request.Headers["Cookie"] == "kv=1");
        app.To("/voice/incoming").ShouldAllBe(request => !request.Headers.ContainsKey("Cookie"));
    }
}
