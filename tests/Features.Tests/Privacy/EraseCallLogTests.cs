using System.Net;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.Features.Tests.Privacy;

public sealed class EraseCallLogTests(Office office) : IClassFixture<Office>
{
    private const string Words = "My sink drips.";

    private static readonly string[] Held =
    [
        "call_events.body", "call_logs.phone_number", "call_logs.recording_sid", "call_logs.transcript", "call_summaries.summary", "dead_letters.body",
        "tenant_events.payload", "webhook_attempts.response_body",
    ];

    private readonly AppWithSidecar app = office.App;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_of_an_erased_call_is_left_anywhere()
    {
        const string Caller = "+15035557001";
        // Nobody else here says so.
        const string Peculiar = "quaint marmalade faucet";
        var (tenant, number) = (await app.GivenATenant(), office.NextCall());
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, _) => context.Response.WriteAsync($"Thank you for the {Peculiar}", Token);
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        var sid = office.GivenARecording(number);
        var call = new PhoneCall(tenant, number, app.Clock.GetUtcNow(), Caller);
        await app.GivenACall(call.Started(), call.Says($"I need help with my {Peculiar}, please."), call.Recording(RecordingKind.Call, number: number), call.Ended());
        await (await app.Deliver("kestrelvoice.call.hummed.v7", "hum", $$"""{"call_sid":"{{call.CallSid}}","from":"{{Caller}}","tune":"{{Peculiar}}"}""")).ShouldBe(HttpStatusCode.OK);
        await app.Until(client, endpoint, "delivered", TimeSpan.FromMilliseconds(100));
        var id = await client.OnlyCallOf(Caller);
        await app.Eventually(
            TimeSpan.FromSeconds(1), async () => (await client.GetAsync($"/api/call-logs/{id}/summary", Token)).StatusCode == HttpStatusCode.OK, "a summary");
        // It is found wherever it is, so that finding nothing afterwards means something.
        Held.Except(await app.PlacesThatHold(Caller, Peculiar, sid)).ShouldBeEmpty();
        var before = await client.ReadAsync("/api/events");

        var erasure = await client.EraseCall(id);

        erasure.GetProperty("calls").GetInt32().ShouldBe(1);
        await office.UntilDone(client, erasure.Id());
        (await app.PlacesThatHold(Caller, Peculiar, sid)).ShouldBeEmpty();
        office.HasRecording(number).ShouldBeFalse();
        (await client.ReadAsync($"/api/erasures/{erasure.Id()}")).GetProperty("recordings").GetProperty("deleted").GetInt32().ShouldBe(1);
        foreach (var path in new[] { "", "/recording", "/summary" })
            await (await client.GetAsync($"/api/call-logs/{id}{path}", Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        await (await client.DeleteAsync($"/api/call-logs/{id}", Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");

        // Whoever counts events misses none.
        var after = await client.ReadAsync("/api/events");
        after.GetProperty("latest_sequence").GetInt64().ShouldBe(before.GetProperty("latest_sequence").GetInt64());
        var told = after.Data().ShouldHaveSingleItem();
        told.Id().ShouldBe(before.Data().Single().Id());
        (told.GetProperty("erased").GetBoolean(), told.IsNull("data")).ShouldBe((true, true));
        var message = await client.MessageOf(endpoint);
        (message.State(), message.IsNull("payload"), message.Attempts().Single().IsNull("response_body")).ShouldBe(("delivered", true, true));
        await (await client.SendAsync(HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/messages/{message.Id()}/resend"))
            .ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    [Fact]
    public async Task The_same_caller_at_another_business_is_left_alone()
    {
        const string Caller = "+15035557002";
        var (tenant, other) = (await app.GivenATenant(), await app.GivenATenant());
        foreach (var business in new[] { tenant, other })
        {
            var call = new PhoneCall(business, office.NextCall(), app.Clock.GetUtcNow(), Caller);
            await app.GivenACall(call.Says(Words), call.Ended());
        }
        using var client = app.ClientFor(tenant);
        using var neighbour = app.ClientFor(other);
        var kept = await neighbour.ReadAsync($"/api/call-logs/{await neighbour.OnlyCallOf(Caller)}");

        await client.EraseCall(await client.OnlyCallOf(Caller));

        (await neighbour.ReadAsync($"/api/call-logs/{kept.Id()}")).GetRawText().ShouldBe(kept.GetRawText());
        (await neighbour.ReadAsync("/api/events")).Data().ShouldAllBe(told => !told.GetProperty("erased").GetBoolean());
        (await client.ReadAsync("/api/call-logs")).Total().ShouldBe(0);
    }

    [Fact]
    public async Task What_comes_late_brings_nothing_back_and_its_recording_is_deleted_too()
    {
        const string Caller = "+15035557003";
        var (tenant, number) = (await app.GivenATenant(), office.NextCall());
        using var client = app.ClientFor(tenant);
        var call = new PhoneCall(tenant, number, app.Clock.GetUtcNow(), Caller);
        var started = call.Started();
        await app.GivenACall(started, call.Says(Words), call.Ended());
        var erasure = await client.EraseCall(await client.OnlyCallOf(Caller));
        var sid = office.GivenARecording(number);

        foreach (var late in new CallEvent[] { started, call.Says(Words), call.Recording(RecordingKind.Call, number: number), call.Ended() })
            await (await app.Deliver(late)).ShouldBe(HttpStatusCode.OK);
        await (await app.Deliver("kestrelvoice.call.hummed.v7", "late", $$"""{"call_sid":"{{call.CallSid}}","tune":"{{Words}}"}""")).ShouldBe(HttpStatusCode.OK);

        (await client.ReadAsync("/api/call-logs")).Total().ShouldBe(0);
        await app.Eventually(TimeSpan.FromSeconds(1), () => Task.FromResult(!office.HasRecording(number)), "no recording");
        await office.UntilDone(client, erasure.Id());
        (await app.PlacesThatHold(Caller, sid)).ShouldBeEmpty();
        (await app.Scalar<int>("select count(*)::integer from dead_letters where event_id = 'late'", new { })).ShouldBe(0);
    }

    [Fact]
    public async Task A_call_in_progress_is_a_conflict_unless_its_end_got_lost()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await app.GivenACall(new PhoneCall(tenant, office.NextCall(), app.Clock.GetUtcNow().AddHours(-1), "+15035557004").Started());
        await app.GivenACall(new PhoneCall(tenant, office.NextCall(), app.Clock.GetUtcNow().AddHours(-25), "+15035557005").Started());

        using var refused = await client.DeleteAsync($"/api/call-logs/{await client.OnlyCallOf("+15035557004")}", Token);
        await client.EraseCall(await client.OnlyCallOf("+15035557005"));

        await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        (await client.ReadAsync("/api/call-logs")).Total().ShouldBe(1);
    }

    [Fact]
    public async Task Counts_and_analytics_no_longer_know_it()
    {
        const string Caller = "+15035557006";
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var missed = new PhoneCall(tenant, office.NextCall(), app.Clock.GetUtcNow().AddHours(-3), Caller);
        var back = new PhoneCall(tenant, office.NextCall(), app.Clock.GetUtcNow().AddHours(-2), Caller);
        await app.GivenACall(missed.Started(), missed.Ended("no-answer", 0));
        await app.GivenACall(back.Started(), back.Says(Words), back.Emergency(), back.Ended());
        (await TotalsAsync(client)).GetProperty("recovered_calls").GetInt32().ShouldBe(1);

        await client.EraseCall((await client.ReadAsync("/api/call-logs?status=completed")).Data().Single().Id());

        var totals = await TotalsAsync(client);
        new[] { "total_calls", "completed_calls", "missed_calls", "recovered_calls", "emergency_calls", "bookable_calls" }
            .Select(name => totals.GetProperty(name).GetInt32()).ShouldBe([1, 0, 1, 0, 0, 0]);
        (await client.ReadAsync("/api/call-logs")).Total().ShouldBe(1);
        (await client.ReadAsync("/api/call-logs?status=completed")).Total().ShouldBe(0);
        (await client.ReadAsync("/api/call-logs?recovered=true")).Total().ShouldBe(0);
    }

    [Fact]
    public async Task A_webhook_that_is_being_retried_is_not_sent_again()
    {
        const string Caller = "+15035557007";
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync(StatusCodes.Status503ServiceUnavailable);
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        var call = new PhoneCall(tenant, office.NextCall(), app.Clock.GetUtcNow(), Caller);
        await app.GivenACall(call.Says(Words), call.Ended());
        await app.Until(client, endpoint, "retrying", TimeSpan.FromMilliseconds(100));

        await client.EraseCall(await client.OnlyCallOf(Caller));

        (await client.MessageOf(endpoint)).State().ShouldBe("cancelled");
        var sent = receiver.Received.Count;
        var later = app.Clock.GetUtcNow().AddHours(1);
        await app.Eventually(TimeSpan.FromSeconds(14), () => Task.FromResult(app.Clock.GetUtcNow() > later), "an hour later");
        receiver.Received.Count.ShouldBe(sent);
        (await app.PlacesThatHold(Caller)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_a_receiver_answers_to_an_attempt_under_way_is_not_kept()
    {
        const string Caller = "+15035557008";
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var release = new TaskCompletionSource();
        receiver.Answers = async (context, _) =>
        {
            await release.Task;
            await context.Response.WriteAsync($"{Caller} said {Words}", Token);
        };
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        var call = new PhoneCall(tenant, office.NextCall(), app.Clock.GetUtcNow(), Caller);
        await app.GivenACall(call.Says(Words), call.Ended());
        await app.UntilReceived(receiver, 1, TimeSpan.FromMilliseconds(100));

        await client.EraseCall(await client.OnlyCallOf(Caller));
        release.SetResult();

        await app.Until(client, endpoint, "delivered");
        (await client.MessageOf(endpoint)).Attempts().Single().IsNull("response_body").ShouldBeTrue();
        (await app.PlacesThatHold(Caller)).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_accepted_while_the_sidecar_or_Twilio_was_away_happens_when_they_are_back()
    {
        const string Caller = "+15035557009";
        var (tenant, number) = (await app.GivenATenant(), office.NextCall());
        using var client = app.ClientFor(tenant);
        office.GivenARecording(number);
        var call = new PhoneCall(tenant, number, app.Clock.GetUtcNow(), Caller);
        await app.GivenACall(call.Says(Words), call.Recording(RecordingKind.Call, number: number), call.Ended());
        var at = await office.StopTwilioAsync();
        await app.StopSidecarAsync();

        var erasure = await client.EraseCall(await client.OnlyCallOf(Caller));

        erasure.Text("status").ShouldBe("running");
        erasure.GetProperty("recordings").GetProperty("pending").GetInt32().ShouldBe(1);
        (await client.ReadAsync("/api/call-logs")).Total().ShouldBe(0);
        await app.StartSidecarAsync();
        var later = app.Clock.GetUtcNow().AddMinutes(1);
        await app.Eventually(TimeSpan.FromSeconds(1), () => Task.FromResult(app.Clock.GetUtcNow() > later), "a minute later");
        office.HasRecording(number).ShouldBeTrue();
        await office.StartTwilioAsync(at);
        await office.UntilDone(client, erasure.Id());
        office.HasRecording(number).ShouldBeFalse();
    }

    private static async Task<JsonElement> TotalsAsync(HttpClient client) => (await client.ReadAsync("/api/analytics?range=7d")).GetProperty("totals");
}
