using System.Net;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;

namespace KestrelVoice.Features.Tests.Privacy;

public sealed class ExportTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string Caller = "+15035550142";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_that_is_held_of_a_caller_is_one_document()
    {
        var (tenant, other) = (await app.GivenATenant(), await app.GivenATenant());
        using var client = app.ClientFor(tenant);
        var endpoint = await client.GivenAnEndpoint();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon, Caller);
        await app.GivenACall(call.Started(), call.Hears("Hello?"), call.Says("My boiler hums."), call.Recording(RecordingKind.Call), call.Ended());
        await app.Relay();
        var foreign = new PhoneCall(other, 2, KestrelVoiceApp.Noon, Caller);
        await app.GivenACall(foreign.Says("My secret pipe."), foreign.Ended());
        var elsewhere = new PhoneCall(tenant, 3, KestrelVoiceApp.Noon, "+15035550143");
        await app.GivenACall(elsewhere.Says("Somebody else's pipe."), elsewhere.Ended());
        using (var booked = await client.Book(await app.GivenATrade(tenant), "2026-03-05T18:00:00Z"))
            await booked.ShouldBe(HttpStatusCode.Created);

        var document = await client.PostAsync("/api/callers/export", $$"""{"phone_number":"{{Caller}}"}""");

        document.Text("phone_number").ShouldBe(Caller);
        var held = document.GetProperty("calls").EnumerateArray().ShouldHaveSingleItem();
        held.GetProperty("turns").EnumerateArray().Select(turn => turn.Text("text")).ShouldBe(["Hello?", "My boiler hums."]);
        held.Text("recording_url").ShouldBe($"https://api.example.test/api/call-logs/{held.Id()}/recording");
        held.Text("summary").ShouldNotBeEmpty();
        var told = held.GetProperty("events").EnumerateArray().ShouldHaveSingleItem();
        told.GetProperty("data").Text("phone_number").ShouldBe(Caller);
        var message = told.GetProperty("messages").EnumerateArray().ShouldHaveSingleItem();
        (message.Text("endpoint_id"), message.Text("url")).ShouldBe((endpoint.Id(), WebhookRequests.Nobody));
        var appointment = document.GetProperty("appointments").EnumerateArray().ShouldHaveSingleItem();
        appointment.GetProperty("appointment").GetProperty("customer").Text("name").ShouldBe("Dana Whitfield");
        appointment.GetProperty("events").EnumerateArray().ShouldHaveSingleItem().Text("event").ShouldBe("appointment.booked");
        document.GetRawText().ShouldNotContain("secret");
        document.GetRawText().ShouldNotContain("Somebody else");
    }

    [Fact]
    public async Task However_many_calls_there_are_all_are_in_it_oldest_first()
    {
        var tenant = await app.GivenATenant();
        await GivenCallsAsync(tenant, 250);
        using var client = app.ClientFor(tenant);
        // Each with something said, or there would be nothing to show.
        await app.Execute(
            """
            insert into call_events (tenant_id, event_id, call_sid, type, body, received_at)
            select tenant_id, call_sid || ':0', call_sid, 'kestrelvoice.call.ended.v1', jsonb_build_object(
                'event_id', call_sid || ':0', 'sequence', 0, 'at', created_at, 'call_status', 'completed', 'duration_seconds', 1,
                'call', jsonb_build_object('call_sid', call_sid, 'account_sid', 'AC1', 'from', phone_number, 'to', dialed_number, 'direction', 'inbound', 'started_at', created_at)), created_at
            from call_logs
            where tenant_id = @Id
            """,
            new { tenant.Id });

        var document = await client.PostAsync("/api/callers/export", $$"""{"phone_number":"{{Caller}}"}""");

        var times = document.GetProperty("calls").EnumerateArray().Select(call => call.GetProperty("created_at").GetDateTime()).ToList();
        times.Count.ShouldBe(250);
        times.ShouldBeInOrder();
    }

    [Fact]
    public async Task Of_a_stranger_nothing_is_held()
    {
        using var client = app.ClientFor(await app.GivenATenant());

        var document = await client.PostAsync("/api/callers/export", """{"phone_number":"+15035550199"}""");

        document.GetProperty("calls").EnumerateArray().ShouldBeEmpty();
        document.GetProperty("appointments").EnumerateArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task All_call_logs_come_a_line_each_newest_first_and_only_those_of_the_days_asked_for()
    {
        var (tenant, other) = (await app.GivenATenant(), await app.GivenATenant());
        await GivenCallsAsync(tenant, 1203);
        await GivenCallsAsync(other, 1);
        using var client = app.ClientFor(tenant, "read");

        using var response = await client.GetAsync("/api/export/call-logs", Token);
        var lines = await LinesAsync(response);
        using var some = await client.GetAsync("/api/export/call-logs?from_date=2026-03-04T11:50:00Z&to_date=2026-03-04T11:58:00Z", Token);

        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/x-ndjson");
        lines.Count.ShouldBe(1203);
        lines.Select(line => line.Id()).Distinct().Count().ShouldBe(1203);
        var times = lines.Select(line => line.GetProperty("created_at").GetDateTime()).ToList();
        times.ShouldBeInOrder(SortDirection.Descending);
        lines[0].Names().ShouldBe((await client.ReadAsync("/api/call-logs?limit=1")).Data().Single().Names());
        (await LinesAsync(some)).Count.ShouldBe(480);
    }

    [Fact]
    public async Task Days_that_are_none_are_refused()
    {
        using var client = app.ClientFor(await app.GivenATenant());

        await (await client.GetAsync("/api/export/call-logs?from_date=yesterday", Token)).ShouldBeInvalid("from_date");
    }

    // A second apart, back from noon.
    private Task GivenCallsAsync(TestTenant tenant, int count) => app.Execute(
        """
        insert into call_logs (tenant_id, id, call_sid, phone_number, dialed_number, direction, status, outcome, emergency, duration, created_at, ended_at)
        select @Id, gen_random_uuid(), 'CA' || md5(@Id::text || number), @Caller, @Number, 'inbound', 'completed', 'message_taken', false, 1,
            @Noon - make_interval(secs => number), @Noon
        from generate_series(1, @Count) as number
        """,
        new { tenant.Id, Caller, tenant.Number, Noon = KestrelVoiceApp.Noon.UtcDateTime, Count = count });

    private static async Task<IReadOnlyList<JsonElement>> LinesAsync(HttpResponseMessage response)
    {
        await response.ShouldBe(HttpStatusCode.OK);
        var text = await response.Content.ReadAsStringAsync(Token);
        text.ShouldEndWith("\n");
        return [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line))];
    }
}
