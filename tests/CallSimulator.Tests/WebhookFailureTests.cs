using System.Globalization;
using KestrelVoice.CallSimulator.Scripts;
using KestrelVoice.CallSimulator.Webhooks;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class WebhookFailureTests
{
    private const string Hangup = "<Response><Hangup/></Response>";

    [Theory]
    [InlineData("", 503, 1)]
    [InlineData("#rc=3&rp=5xx", 503, 4)]
    [InlineData("#rc=3&rp=4xx", 503, 1)]
    [InlineData("#rc=2&rp=4xx", 404, 3)]
    [InlineData("#rc=2&rp=all", 404, 3)]
    [InlineData("#rc=0&rp=all", 500, 1)]
    public async Task Refusals_are_retried_as_the_fragment_says(string fragment, int status, int attempts)
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });

        var trace = await app.CallAsync(app.Plan() with { VoiceUrl = app.BaseUrl + "/voice/incoming" + fragment });

        var sent = app.To("/voice/incoming").ToList();
        sent.Count.ShouldBe(attempts);
        sent.Select(request => request.Headers["I-Twilio-Idempotency-Token"]).Distinct().ShouldHaveSingleItem();
        sent.ShouldAllBe(request => request.RawTarget == "/voice/incoming");
        trace.Problems.ShouldHaveSingleItem().Code.ShouldBe(11200);
        trace.Heard.Single().ShouldContain("application error");
        app.To("/voice/status").Single()["CallStatus"].ShouldBe("completed");
    }

    [Fact]
    public async Task A_retry_that_succeeds_is_no_problem()
    {
        await using var app = await TwimlApp.StartAsync();
        var asked = 0;
        app.Answers("/voice/incoming", async context =>
        {
            if (Interlocked.Increment(ref asked) == 1)
            {
                context.Response.StatusCode = 500;
                return;
            }

            context.Response.ContentType = "application/xml";
            await context.Response.WriteAsync(Hangup);
        });

        var trace = await app.CallAsync(app.Plan() with { VoiceUrl = app.BaseUrl + "/voice/incoming#rc=1&rp=5xx" });

        trace.WithoutProblems().Entries.OfType<WebhookSent>().Select(sent => sent.Attempt).ShouldBe([1, 2, 1]);
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData("#rc=3", 4)]
    [InlineData("#rc=3&rp=5xx", 1)]
    public async Task A_connection_refused_is_retried_once_unless_the_fragment_says_otherwise(string fragment, int attempts)
    {
        await using var app = await TwimlApp.StartAsync();

        var trace = await app.CallAsync(app.Plan() with
        {
            VoiceUrl = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Ports.Take()}/voice/incoming{fragment}"),
            StatusCallbackUrl = app.BaseUrl + "/voice/status",
        });

        trace.Entries.OfType<WebhookSent>().Count(sent => sent.Webhook.Kind == WebhookKind.Incoming).ShouldBe(attempts);
        trace.Problems.ShouldHaveSingleItem().Code.ShouldBe(11205);
        trace.StatusDelivered.ShouldBeTrue();
    }

    [Theory]
    [InlineData("#rt=200&rc=2&rp=rt", 3)]
    [InlineData("#rt=200&rc=2&rp=ct", 1)]
    public async Task An_answer_that_does_not_come_is_given_up(string fragment, int attempts)
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", context => Task.Delay(Timeout.Infinite, context.RequestAborted));

        var trace = await app.CallAsync(app.Plan() with { VoiceUrl = app.BaseUrl + "/voice/incoming" + fragment });

        app.To("/voice/incoming").Count().ShouldBe(attempts);
        trace.Problems.ShouldHaveSingleItem().Message.ShouldContain("did not answer in time");
    }

    [Fact]
    public async Task The_total_budget_ends_the_retries()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", context => Task.Delay(Timeout.Infinite, context.RequestAborted));

        var trace = await app.CallAsync(app.Plan() with { VoiceUrl = app.BaseUrl + "/voice/incoming#tt=300&rt=15000&rc=5&rp=all" });

        app.To("/voice/incoming").Count().ShouldBe(1);
        trace.Problems.ShouldHaveSingleItem().Code.ShouldBe(11200);
    }

    [Fact]
    public async Task A_partial_answer_is_never_retried()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", async context =>
        {
            context.Response.ContentType = "application/xml";
            await context.Response.WriteAsync("<Response>");
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });

        var trace = await app.CallAsync(app.Plan() with { VoiceUrl = app.BaseUrl + "/voice/incoming#rc=5&rp=all&rt=500" });

        app.To("/voice/incoming").Count().ShouldBe(1);
        trace.Problems.ShouldHaveSingleItem().Code.ShouldBe(11200);
    }

    [Fact]
    public async Task The_fallback_is_told_what_failed_and_continues_the_call()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", "<Response><Shout/></Response>").Answers("/fallback", "<Response><Say>Please call later.</Say></Response>");

        var trace = await app.CallAsync(app.Plan() with { FallbackUrl = app.BaseUrl + "/fallback" });

        trace.Heard.ShouldBe(["Please call later."]);
        trace.Problems.ShouldHaveSingleItem().Code.ShouldBe(12200);
        var fallback = app.To("/fallback").ShouldHaveSingleItem();
        fallback["ErrorCode"].ShouldBe("12200");
        fallback["ErrorUrl"].ShouldBe(app.BaseUrl + "/voice/incoming");
        fallback["CallSid"].ShouldBe(trace.CallSid);
    }

    [Fact]
    public async Task A_fallback_that_fails_too_ends_the_call()
    {
        await using var app = await TwimlApp.StartAsync();

        var trace = await app.CallAsync(app.Plan() with { FallbackUrl = app.BaseUrl + "/fallback" });

        trace.Problems.Select(problem => problem.Code).ShouldBe([11200, 11200]);
        trace.Entries.OfType<CallOver>().Single().By.ShouldBe("twilio");
        trace.StatusDelivered.ShouldBeTrue();
    }

    [Fact]
    public async Task More_than_64_kB_is_refused()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", $"<Response><!--{TwimlApp.Repeat("x", 64 * 1024)}--></Response>");

        (await app.CallAsync()).Problems.ShouldHaveSingleItem().Code.ShouldBe(11750);
    }

    [Fact]
    public async Task A_redirect_answer_is_followed_by_GET_and_loses_the_form()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", context =>
        {
            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        });
        app.Answers("/elsewhere", """<Response><Redirect>relative</Redirect></Response>""").Answers("/relative", Hangup);

        (await app.CallAsync()).WithoutProblems();

        var followed = app.To("/elsewhere").ShouldHaveSingleItem();
        followed.Method.ShouldBe("GET");
        followed.Form.ShouldBeEmpty();
        followed.Headers["X-Twilio-Signature"].ShouldBe(TwilioSignature.Compute(TwimlApp.AuthToken, app.BaseUrl + "/elsewhere", []));
    }

    [Fact]
    public async Task A_status_callback_that_nobody_takes_is_a_problem_but_not_the_end()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", Hangup);

        var trace = await app.CallAsync(app.Plan() with { StatusCallbackUrl = app.BaseUrl + "/nowhere" }, new ScriptedCaller(new Step.Ends()));

        trace.StatusDelivered.ShouldBeFalse();
        trace.Problems.ShouldHaveSingleItem().Message.ShouldContain("CallStatus callback");
    }

    [Fact]
    public async Task Userinfo_travels_as_Basic_credentials_and_is_signed()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", Hangup);
        var url = app.BaseUrl.Replace("://", "://kv:s3cret@", StringComparison.Ordinal) + "/voice/incoming";

        await app.CallAsync(app.Plan() with { VoiceUrl = url });

        var request = app.To("/voice/incoming").Single();
        request.Headers["Authorization"].ShouldBe("Basic a3Y6czNjcmV0");
        request.Headers["X-Twilio-Signature"].ShouldBe(TwilioSignature.Compute(TwimlApp.AuthToken, url, request.Form));
    }
}
