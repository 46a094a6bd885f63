using System.Collections.Concurrent;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Calls;

/// <summary>A call whose end nobody told: Twilio gave up while nobody here listened.</summary>
public sealed class CallReconcilerTests : IClassFixture<KestrelVoiceApp>, IClassFixture<GetRecordingTests.Twilio>
{
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(11);
    private static int numbers;

    private readonly ConcurrentDictionary<string, int> asked = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Func<int, IResult>> answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (string Sid, string Source)> recordings = new(StringComparer.Ordinal);
    private readonly KestrelVoiceApp app;

    public CallReconcilerTests(KestrelVoiceApp app, GetRecordingTests.Twilio twilio)
    {
        this.app = app;
        app.Settings["Twilio:ApiBaseUrl"] = twilio.Url;
        app.Settings["Twilio:AccountSid"] = GetRecordingTests.Twilio.AccountSid;
        app.Settings["Twilio:AuthToken"] = GetRecordingTests.Twilio.AuthToken;
        twilio.Answer = AnswerAsync;
    }

    [Theory]
    [InlineData("completed", "completed", "message_taken", "call.completed")]
    [InlineData("no-answer", "missed", "no_answer", "call.missed")]
    [InlineData("busy", "missed", "no_answer", "call.missed")]
    [InlineData("canceled", "missed", "abandoned", "call.missed")]
    [InlineData("failed", "missed", "failed", "call.missed")]
    public async Task It_is_closed_as_Twilio_says_and_told_like_any_other(string carrier, string status, string outcome, string told)
    {
        var (client, call) = await GivenACallInProgress(speaks: carrier == "completed");
        var ended = app.Clock.GetUtcNow().AddSeconds(75);
        answers[call.CallSid] = _ => Results.Text(Resource(call, carrier, "75", Rfc2822(ended)), "application/json");

        app.Clock.Advance(Look);

        await app.Eventually(async () => (await LogAsync(client)).Text("status") == status, "the end");
        var log = await LogAsync(client);
        (log.Text("outcome"), log.GetProperty("duration").GetInt32()).ShouldBe((outcome, 75));
        await app.WhatIsDueIsTold(after: TimeSpan.FromSeconds(1));
        var news = (await client.ReadAsync("/api/events")).Data().ShouldHaveSingleItem();
        news.Text("event").ShouldBe(told);
        if (carrier == "completed")
            news.GetProperty("data").GetProperty("ended_at").GetDateTimeOffset().ShouldBe(ended, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_message_that_nobody_told_of_is_found_with_it()
    {
        var (client, call) = await GivenACallInProgress();
        answers[call.CallSid] = _ => Results.Text(Resource(call, "completed", "75", end: null), "application/json");
        recordings[call.CallSid] = ($"RE{7:x32}", "RecordVerb");

        app.Clock.Advance(Look);

        await app.Eventually(async () => (await LogAsync(client)).Text("status") == "completed", "the end");
        var log = await LogAsync(client);
        log.Text("outcome").ShouldBe("voicemail");
        log.Text("recording_url").ShouldEndWith($"/api/call-logs/{log.Id()}/recording");
    }

    [Fact]
    public async Task The_callback_that_comes_yet_changes_nothing()
    {
        var (client, call) = await GivenACallInProgress(speaks: true);
        answers[call.CallSid] = _ => Results.Text(Resource(call, "completed", "75", end: null), "application/json");
        app.Clock.Advance(Look);
        await app.Eventually(async () => (await LogAsync(client)).Text("status") == "completed", "the end");

        using var late = await app.Deliver(new CallEnded(
            CallEventIds.Of(call.CallSid, CallEventTypes.Ended, CallEventIds.EndedSequence), call.Header, CallEventIds.EndedSequence, app.Clock.GetUtcNow(),
            "failed", 3, 487));

        late.EnsureSuccessStatusCode();
        var log = await LogAsync(client);
        (log.Text("status"), log.GetProperty("duration").GetInt32()).ShouldBe(("completed", 75));
    }

    [Fact]
    public async Task One_that_goes_on_is_asked_about_less_and_less()
    {
        var (client, call) = await GivenACallInProgress();
        answers[call.CallSid] = _ => Results.Text(Resource(call, "in-progress", duration: null, end: null), "application/json");

        await OneLookLaterAsync();
        asked[call.CallSid].ShouldBe(1);
        await OneLookLaterAsync();
        asked[call.CallSid].ShouldBe(2);
        await OneLookLaterAsync();
        asked[call.CallSid].ShouldBe(2);
        await OneLookLaterAsync();
        asked[call.CallSid].ShouldBe(3);

        (await LogAsync(client)).Text("status").ShouldBe("in-progress");
    }

    [Fact]
    public async Task Whatever_Twilio_says_that_is_no_call_leaves_it_and_it_is_asked_again()
    {
        var (client, call) = await GivenACallInProgress(speaks: true);
        answers[call.CallSid] = times => times switch
        {
            1 => Results.Text("<html>", "text/html"),
            2 => Results.Json(new { code = 20404, message = "not found", status = 404 }, statusCode: 404),
            _ => Results.Text(Resource(call, "completed", "75", end: null), "application/json"),
        };

        app.Clock.Advance(Look);
        await app.Eventually(() => Task.FromResult(asked.GetValueOrDefault(call.CallSid) == 1), "the first question");
        await OneLookLaterAsync();
        (await LogAsync(client)).Text("status").ShouldBe("in-progress");
        app.Clock.Advance(Look + Look);

        await app.Eventually(async () => (await LogAsync(client)).Text("status") == "completed", "the end");
    }

    [Fact]
    public async Task A_sandboxs_calls_and_those_of_long_ago_are_not_asked_about()
    {
        var (_, sandboxed) = await GivenACallInProgress();
        await app.Execute("update tenants set sandbox_of = @Live where id = @Id", new { Live = (await app.GivenATenant()).Id, Id = sandboxed.Header.TenantId });
        var (_, old) = await GivenACallInProgress(ago: TimeSpan.FromDays(8));

        await OneLookLaterAsync();

        asked.ShouldNotContainKey(sandboxed.CallSid);
        asked.ShouldNotContainKey(old.CallSid);
    }

    [Fact]
    public async Task Of_several_hosts_that_look_at_once_one_asks()
    {
        var (_, call) = await GivenACallInProgress();
        answers[call.CallSid] = _ => Results.Text(Resource(call, "in-progress", duration: null, end: null), "application/json");
        using var others = new CancellationTokenSource();
        var reconcilers = Enumerable.Range(0, 4).Select(_ => ActivatorUtilities.CreateInstance<CallReconciler>(app.Services)).ToList();
        await Task.WhenAll(reconcilers.Select(reconciler => reconciler.StartAsync(others.Token)));

        await OneLookLaterAsync();

        await Task.WhenAll(reconcilers.Select(reconciler => reconciler.StopAsync(CancellationToken.None)));
        asked[call.CallSid].ShouldBe(1);
    }

    [Fact]
    public async Task Nothing_is_kept_of_questions_about_calls_that_are_over()
    {
        var (client, call) = await GivenACallInProgress(speaks: true);
        answers[call.CallSid] = _ => Results.Text(Resource(call, "completed", "75", end: null), "application/json");
        app.Clock.Advance(Look);
        await app.Eventually(async () => (await LogAsync(client)).Text("status") == "completed", "the end");

        await OneLookLaterAsync();

        await app.Eventually(
            async () => await app.Scalar<long>("select count(*) from call_lookups where tenant_id = @TenantId", new { call.Header.TenantId }) == 0, "nothing");
        asked[call.CallSid].ShouldBe(1);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var answer = context.Request.Path.Value!.Split('/') switch
        {
            ["", "2010-04-01", "Accounts", GetRecordingTests.Twilio.AccountSid, "Calls", var call] =>
                Stands(call[..^".json".Length]),
            ["", "2010-04-01", "Accounts", GetRecordingTests.Twilio.AccountSid, "Calls", var call, "Recordings.json"] => Recordings(call),
            _ => null,
        };
        await (answer ?? Results.NotFound()).ExecuteAsync(context);
    }

    private IResult? Stands(string callSid)
    {
        var times = asked.AddOrUpdate(callSid, 1, (_, before) => before + 1);
        return answers.GetValueOrDefault(callSid)?.Invoke(times);
    }

    private IResult Recordings(string callSid) => Results.Json(new
    {
        recordings = recordings.TryGetValue(callSid, out var recording)
            ? new[] { new { call_sid = callSid, duration = "12", sid = recording.Sid, source = recording.Source, status = "completed" } } : [],
        page = 0,
        page_size = 50,
    });

    /// <summary>Lets so much time pass that what is new is asked about once, and waits until it was.</summary>
    private async Task OneLookLaterAsync()
    {
        var (_, witness) = await GivenACallInProgress();
        app.Clock.Advance(Look);
        await app.Eventually(() => Task.FromResult(asked.ContainsKey(witness.CallSid)), "a look");
    }

    private async Task<(HttpClient Client, PhoneCall Call)> GivenACallInProgress(bool speaks = false, TimeSpan ago = default)
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 5_000_000 + Interlocked.Increment(ref numbers), app.Clock.GetUtcNow() - ago);
        (await app.Deliver(call.Started())).EnsureSuccessStatusCode();
        if (speaks)
            (await app.Deliver(call.Says("My sink drips."))).EnsureSuccessStatusCode();
        return (app.ClientFor(tenant), call);
    }

    private static async Task<JsonElement> LogAsync(HttpClient client) => (await client.ReadAsync("/api/call-logs")).Data().Single();

    private static string Rfc2822(DateTimeOffset at) =>
        at.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>As Twilio writes it.</summary>
    private static string Resource(PhoneCall call, string status, string? duration, string? end) => JsonSerializer.Serialize(new
    {
        account_sid = GetRecordingTests.Twilio.AccountSid,
        api_version = "2010-04-01",
        direction = "inbound",
        duration,
        end_time = end,
        from = call.Header.From,
        price_unit = "USD",
        queue_time = "0",
        sid = call.CallSid,
        start_time = Rfc2822(call.Header.StartedAt),
        status,
        to = call.Header.To,
    });
}
