using System.Net;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Calendars;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks.Delivery;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.Features.Tests.Description;

/// <summary>A day at a plumber's office, asked of the API. What was answered is what the API's description shows.</summary>
public sealed class ApiExamplesTests(TestCluster cluster, RadicaleServer radicale) : IClassFixture<RadicaleServer>, IAsyncLifetime
{
    private const string Kept = "docs/examples/api.json";

    private readonly AppWithSidecar app = new(cluster);

    public async ValueTask InitializeAsync()
    {
        app.Settings["RateLimits:Personal"] = "100";
        app.Settings["Google:ClientId"] = "kestrelvoice.apps.googleusercontent.com";
        app.Settings["Google:ClientSecret"] = "nobody is asked with it here";
        await ((IAsyncLifetime)app).InitializeAsync();
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Fact]
    public async Task Every_operation_shows_what_it_answered_here()
    {
        using var stranger = app.Stranger();
        var play = new ApiPlay(await stranger.ReadAsync("/openapi/v1.json"));
        var tenant = await app.GivenATenant();
        using var key = app.ClientFor(tenant);
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));

        await PlayAccountAsync(play, owner, key);
        await PlayCallsAndWebhooksAsync(play, tenant, key);
        await PlayHooksAsync(play, key);
        await PlayRefusalsAsync(play, tenant, key);
        await play.Ask("ListAuditLog", HttpStatusCode.OK, owner, parameters: ("limit", "1"));
        await PlayPrivacyAsync(play, owner, key);
        // Last, since the clock moves past what people are signed in for.
        await PlayAppointmentsAsync(play, tenant, key);

        play.Missing.ShouldBeEmpty("play them here: the description shows an example of each");
        // Ids and moments are of the day on which it was played, and stay until something else is answered.
        await play.Json.ShouldBeCheckedInAs(Kept, ApiPlay.Lasting);
    }

    private async Task PlayAccountAsync(ApiPlay play, HttpClient owner, HttpClient key)
    {
        app.Clock.Advance(TimeSpan.FromSeconds(1));
        var added = await play.Ask("AddMember", HttpStatusCode.Created, owner, """{"email":"robin@maplestreet.example","role":"member"}""");
        var member = added.GetProperty("id").GetString()!;
        await play.Ask("ChangeMember", HttpStatusCode.OK, owner, """{"role":"admin"}""", parameters: ("id", member));
        var members = await play.Ask("ListMembers", HttpStatusCode.OK, owner);
        await play.Ask("RemoveMember", HttpStatusCode.Conflict, owner, parameters: ("id", members.Data().Single(other => other.Id() != member).Id()));
        await play.Ask("RemoveMember", HttpStatusCode.NoContent, owner, parameters: ("id", member));

        app.Clock.Advance(TimeSpan.FromSeconds(1));
        var created = await play.Ask("CreateApiKey", HttpStatusCode.Created, owner, """{"name":"Dispatch board","scopes":["read"]}""");
        await play.Ask("ListApiKeys", HttpStatusCode.OK, owner);
        await play.Ask("RevokeApiKey", HttpStatusCode.NoContent, owner, parameters: ("id", created.Id()));
    }

    private async Task PlayCallsAndWebhooksAsync(ApiPlay play, TestTenant tenant, HttpClient key)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await play.Ask("CreateWebhook", HttpStatusCode.Created, key,
            $$"""{"url":"{{receiver.Url}}","events":["call.completed","emergency.detected"],"description":"The office"}""");
        var at = ("id", endpoint.Id());

        var call = new PhoneCall(tenant, 1, app.Clock.GetUtcNow(), "+15035550142");
        await app.GivenACall(
            call.Started(), call.Hears("Thank you for calling Maple Street Plumbing. How can I help?"),
            call.Says("Hi, this is Dana Whitfield. The kitchen faucet is dripping, please call me back at 503-555-0142."),
            call.Hears("Thank you. Somebody will call you back."), call.Recording(RecordingKind.Call, seconds: 41), call.Ended());
        await app.UntilReceived(receiver, 1, TimeSpan.FromMilliseconds(100));
        await app.Until(key, endpoint, "delivered");
        var message = ("message_id", (await play.Ask("ListWebhookMessages", HttpStatusCode.OK, key, parameters: at)).Data().Single().Id());
        await play.Ask("GetWebhookMessage", HttpStatusCode.OK, key, parameters: [at, message]);
        await play.Ask("ResendWebhookMessage", HttpStatusCode.Accepted, key, parameters: [at, message]);
        await app.UntilReceived(receiver, 2, TimeSpan.FromMilliseconds(100));
        await play.Ask("ResendFailedWebhookMessages", HttpStatusCode.Accepted, key, """{"since":"2026-03-04T00:00:00Z"}""", parameters: at);

        var listed = await play.Ask("ListCallLogs", HttpStatusCode.OK, key, parameters: ("limit", "20"));
        var id = ("id", listed.Data().Single().Id());
        await app.Eventually(TimeSpan.FromSeconds(1), async () => (await key.GetAsync($"/api/call-logs/{id.Item2}/summary", TestContext.Current.CancellationToken)).StatusCode == HttpStatusCode.OK, "a summary");
        await play.Ask("GetSummary", HttpStatusCode.OK, key, parameters: id);
        await play.Ask("StartSummary", HttpStatusCode.OK, key, parameters: [id, ("wait_seconds", "10")]);
        await play.Ask("GetCallLog", HttpStatusCode.OK, key, parameters: id);

        await play.Ask("GetAnalytics", HttpStatusCode.OK, key, parameters: [("range", "7d"), ("interval", "week")]);
        await play.Ask("GetAnalytics", HttpStatusCode.PaymentRequired, key, parameters: ("range", "90d"));

        await play.Ask("ListEventTypes", HttpStatusCode.OK, key);
        await play.Ask("GetEventSamples", HttpStatusCode.OK, key, parameters: ("event", "emergency.detected"));
        await play.Ask("ListTenantEvents", HttpStatusCode.OK, key, parameters: ("after", "0"));

        await play.Ask("TestWebhook", HttpStatusCode.Accepted, key, """{"event":"call.completed"}""", parameters: at);
        await app.UntilReceived(receiver, 3, TimeSpan.FromMilliseconds(100));
        receiver.Answers = (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        };
        var second = new PhoneCall(tenant, 2, app.Clock.GetUtcNow());
        await app.GivenACall(second.Says("My sink drips."), second.Ended());
        await app.UntilReceived(receiver, 4, TimeSpan.FromMilliseconds(100));
        var failing = (await key.MessagesOf(endpoint)).Data().First(sent => sent.State() is not "delivered").Id();
        await play.Ask("CancelWebhookMessage", HttpStatusCode.NoContent, key, parameters: [at, ("message_id", failing)]);

        await play.Ask("RotateWebhookSecret", HttpStatusCode.OK, key, """{"expire_old_after_seconds":3600}""", parameters: at);
        await play.Ask("ChangeWebhook", HttpStatusCode.OK, key, """{"description":"The office, and the dispatch board"}""", parameters: at);
        await play.Ask("PauseWebhook", HttpStatusCode.OK, key, parameters: at);
        await play.Ask("ResumeWebhook", HttpStatusCode.OK, key, parameters: at);
        await play.Ask("GetWebhook", HttpStatusCode.OK, key, parameters: at);
        await play.Ask("ListWebhooks", HttpStatusCode.OK, key);
        await play.Ask("DeleteWebhook", HttpStatusCode.NoContent, key, parameters: at);
    }

    private static async Task PlayHooksAsync(ApiPlay play, HttpClient key)
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var hook = await play.Ask("CreateHook", HttpStatusCode.Created, key, $$"""{"event":"call.missed","target_url":"{{receiver.Url}}"}""");
        await play.Ask("ListHooks", HttpStatusCode.OK, key);
        await play.Ask("TestHook", HttpStatusCode.Accepted, key, parameters: ("id", hook.Id()));
        await play.Ask("DeleteHook", HttpStatusCode.NoContent, key, parameters: ("id", hook.Id()));
    }

    private async Task PlayAppointmentsAsync(ApiPlay play, TestTenant tenant, HttpClient key)
    {
        var trade = await app.GivenATrade(tenant);
        var user = await radicale.GivenAUserAsync();
        var calendar = await play.Ask("ConnectCalendar", HttpStatusCode.Created, key,
            $$"""{"resource_id":"{{trade.ResourceIds[0]}}","url":"{{user.Calendar}}","username":"{{user.Name}}","password":"{{RadicaleServer.Password}}"}""");
        await play.Ask("ConnectGoogleCalendar", HttpStatusCode.OK, key, $$"""{"resource_id":"{{trade.ResourceIds[0]}}"}""");
        await play.Ask("SyncCalendar", HttpStatusCode.OK, key, parameters: ("id", calendar.Id()));
        await play.Ask("GetCalendar", HttpStatusCode.OK, key, parameters: ("id", calendar.Id()));
        await play.Ask("ListCalendars", HttpStatusCode.OK, key);
        app.Clock.Advance(TimeSpan.FromSeconds(1));
        await play.Ask("DisconnectCalendar", HttpStatusCode.NoContent, key, parameters: ("id", calendar.Id()));

        await play.Ask("GetAvailability", HttpStatusCode.OK, key,
            parameters: [("service_id", trade.ServiceId), ("from", "2026-03-05T16:00:00Z"), ("to", "2026-03-05T19:00:00Z")]);
        var booked = await play.Ask("BookAppointment", HttpStatusCode.Created, key,
            $$"""
            {"service_id":"{{trade.ServiceId}}","starts_at":"2026-03-05T18:00:00Z",
             "customer":{"name":"Dana Whitfield","phone_number":"+15035550142","address":"12 Alder Court"} }
            """);
        await play.Ask("GetAppointment", HttpStatusCode.OK, key, parameters: ("id", booked.Id()));
        var held = await play.Ask("HoldAppointment", HttpStatusCode.Created, key, $$"""{"service_id":"{{trade.ServiceId}}","starts_at":"2026-03-05T22:00:00Z"}""");
        await play.Ask("ReleaseHold", HttpStatusCode.NoContent, key, parameters: ("id", held.Id()));
        await play.Ask("ListAppointments", HttpStatusCode.OK, key, parameters: ("status", "scheduled"));
        await play.Ask("RescheduleAppointment", HttpStatusCode.OK, key, """{"starts_at":"2026-03-05T20:00:00Z"}""", parameters: ("id", booked.Id()));
        await play.Ask("CancelAppointment", HttpStatusCode.OK, key, parameters: ("id", booked.Id()));
        var today = await play.Ask("BookAppointment", HttpStatusCode.Created, key,
            $$"""{"service_id":"{{trade.ServiceId}}","starts_at":"2026-03-04T17:00:00Z","customer":{"name":"Sam Ortiz","phone_number":"+15035550143"} }""");
        app.Clock.Advance(TimeSpan.FromHours(6));
        await play.Ask("CompleteAppointment", HttpStatusCode.OK, key, parameters: ("id", today.Id()));
        await PlayScheduleAsync(play, key);
    }

    private async Task PlayScheduleAsync(ApiPlay play, HttpClient key)
    {
        app.Clock.Advance(TimeSpan.FromSeconds(1));
        var robin = await play.Ask("CreateResource", HttpStatusCode.Created, key,
            """{"name":"Robin","travel_minutes":20,"working_hours":[{"day":"monday","opens":"08:00","closes":"12:00"},{"day":"monday","opens":"13:00","closes":"17:00"}]}""");
        var service = await play.Ask("CreateService", HttpStatusCode.Created, key,
            $$"""{"name":"Water heater service","length_minutes":90,"buffer_after_minutes":15,"resource_ids":["{{robin.Id()}}"]}""");
        await play.Ask("ChangeResource", HttpStatusCode.OK, key, """{"travel_minutes":15}""", parameters: ("id", robin.Id()));
        await play.Ask("ChangeService", HttpStatusCode.OK, key, """{"length_minutes":120,"resource_ids":[]}""", parameters: ("id", service.Id()));
        await play.Ask("GetResource", HttpStatusCode.OK, key, parameters: ("id", robin.Id()));
        await play.Ask("GetService", HttpStatusCode.OK, key, parameters: ("id", service.Id()));
        await play.Ask("ListResources", HttpStatusCode.OK, key);
        await play.Ask("ListServices", HttpStatusCode.OK, key);
        await play.Ask("ReplaceHolidays", HttpStatusCode.OK, key, """{"data":[{"day":"2026-12-25","name":"Christmas Day"},{"day":"2027-01-01"}]}""");
        await play.Ask("ListHolidays", HttpStatusCode.OK, key);
        await play.Ask("DeleteService", HttpStatusCode.NoContent, key, parameters: ("id", service.Id()));
        await play.Ask("DeleteResource", HttpStatusCode.NoContent, key, parameters: ("id", robin.Id()));
    }

    private static async Task PlayPrivacyAsync(ApiPlay play, HttpClient owner, HttpClient key)
    {
        await play.Ask("GetRetention", HttpStatusCode.OK, owner);
        await play.Ask("ChangeRetention", HttpStatusCode.OK, owner, """{"call_days":365}""");
        await play.Ask("ExportCaller", HttpStatusCode.OK, key, """{"phone_number":"+15035550142"}""");
        // The one without a recording: there is nobody here who would delete one.
        var call = (await key.ReadAsync("/api/call-logs")).Data().First(listed => listed.GetProperty("phone_number").GetString() != "+15035550142");
        await play.Ask("EraseCallLog", HttpStatusCode.Accepted, key, parameters: ("id", call.Id()));
        var erasure = await play.Ask("EraseCaller", HttpStatusCode.Accepted, key, """{"phone_number":"+15035550171"}""");
        await play.Ask("GetErasure", HttpStatusCode.OK, key, parameters: ("id", erasure.Id()));
    }

    private async Task PlayRefusalsAsync(ApiPlay play, TestTenant tenant, HttpClient key)
    {
        using var stranger = app.Stranger();
        using var viewer = await app.SignedIn(await app.GivenAMember((tenant, "viewer")));
        using var busy = app.ClientFor(await GivenAPersonalTenantAsync());
        await play.Ask("ListCallLogs", HttpStatusCode.BadRequest, key, parameters: ("limit", "0"));
        await play.Ask("GetMe", HttpStatusCode.Unauthorized, stranger);
        await play.Ask("CreateWebhook", HttpStatusCode.Forbidden, viewer, """{"url":"https://office.maplestreet.example"}""");
        await play.Ask("GetCallLog", HttpStatusCode.NotFound, key, parameters: ("id", "call_00000000000000000000000000"));
        await play.Ask("CreateWebhook", HttpStatusCode.RequestEntityTooLarge, key, $$"""{"url":"https://office.maplestreet.example","description":"{{new string('x', 300_000)}}"}""");
        await play.Ask("CreateWebhook", HttpStatusCode.UnsupportedMediaType, key, "url=https://office.maplestreet.example", contentType: "text/plain");
        await play.Ask("GetMe", HttpStatusCode.OK, busy);
        for (var request = 2; request <= 100; request++)
            (await busy.GetAsync("/api/me", TestContext.Current.CancellationToken)).Dispose();
        await play.Ask("GetMe", HttpStatusCode.TooManyRequests, busy);
    }

    private async Task<TestTenant> GivenAPersonalTenantAsync()
    {
        var tenant = await app.GivenATenant();
        await app.Execute("update tenants set plan = 'personal' where id = @Id", new { tenant.Id });
        return tenant;
    }
}
