using KestrelVoice.CallSimulator.Scripts;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class SimulatedCallTests
{
    [Fact]
    public async Task A_call_is_answered_listens_and_ends_with_a_status_callback()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Gather input="speech dtmf" action="heard"><Say>How can I help?</Say></Gather></Response>""")
            .Answers("/voice/heard", "<Response><Say>Thank you.</Say><Hangup/></Response>");

        var trace = await app.CallAsync(new Step.Hears("help"), new Step.Say("my sink leaks"), new Step.Hears("thank"), new Step.Ends("completed"));

        trace.WithoutProblems().Heard.ShouldBe(["How can I help?", "Thank you."]);
        app.Requests.Select(request => request.Path).ShouldBe(["/voice/incoming", "/voice/heard", "/voice/status"]);
        app.Requests[0]["CallStatus"].ShouldBe("ringing");
        app.Requests[1]["CallStatus"].ShouldBe("in-progress");
        app.Requests[1]["SpeechResult"].ShouldBe("my sink leaks");
        app.Requests[2]["CallStatus"].ShouldBe("completed");
        app.Requests[2]["CallDuration"].ShouldBe(trace.Seconds.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task The_first_request_has_the_headers_and_parameters_of_Twilio()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", "<Response><Hangup/></Response>");

        var trace = await app.CallAsync(app.Plan() with { CallerName = "DANA MILLER" });

        var request = app.Requests[0];
        request.Method.ShouldBe("POST");
        request.Headers["User-Agent"].ShouldBe("TwilioProxy/1.1");
        request.Headers["Accept"].ShouldBe("text/xml, application/xml, text/html");
        request.Headers["Content-Type"].ShouldBe("application/x-www-form-urlencoded; charset=UTF-8");
        Guid.TryParse(request.Headers["I-Twilio-Idempotency-Token"], out _).ShouldBeTrue();
        request.Headers["X-Twilio-Signature"].ShouldBe(TwilioSignature.Compute(TwimlApp.AuthToken, app.BaseUrl + "/voice/incoming", request.Form));
        request["CallSid"].ShouldBe(trace.CallSid);
        trace.CallSid.ShouldMatch("^CA[0-9a-f]{32}$");
        request.Form.ShouldContainKeyAndValue("AccountSid", TwimlApp.AccountSid);
        request.Form.ShouldContainKeyAndValue("From", "+15035550142");
        request.Form.ShouldContainKeyAndValue("Caller", "+15035550142");
        request.Form.ShouldContainKeyAndValue("To", "+15035550100");
        request.Form.ShouldContainKeyAndValue("Called", "+15035550100");
        request.Form.ShouldContainKeyAndValue("ApiVersion", "2010-04-01");
        request.Form.ShouldContainKeyAndValue("Direction", "inbound");
        request.Form.ShouldContainKeyAndValue("CallerName", "DANA MILLER");
        request.Form.ShouldContainKeyAndValue("FromCity", "");
        request.Form.ShouldContainKeyAndValue("CalledCountry", "US");
    }
}
