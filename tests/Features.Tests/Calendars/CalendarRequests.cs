using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Webhooks;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>Connected calendars, by the API's own routes.</summary>
internal static class CalendarRequests
{
    public static Task<HttpResponseMessage> Connect(
        this HttpClient client, string resourceId, string url, string username, string password = RadicaleServer.Password, string? calendarUrl = null,
        bool? receivesAppointments = null) =>
        client.PostAsJsonAsync(
            "/api/calendars",
            new { resource_id = resourceId, url, username, password, calendar_url = calendarUrl, receives_appointments = receivesAppointments },
            TestContext.Current.CancellationToken);

    public static async Task<JsonElement> GivenACalendar(this HttpClient client, string resourceId, RadicaleUser user)
    {
        using var response = await client.Connect(resourceId, user.Calendar.AbsoluteUri, user.Name);
        return await response.ShouldAnswerWith(HttpStatusCode.Created);
    }

    /// <summary>Has it read, after the reading that may be under way because it is due.</summary>
    public static async Task<JsonElement> Sync(this HttpClient client, string id)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            using var response = await client.SendAsync(HttpMethod.Post, $"/api/calendars/{id}/sync");
            if (response.StatusCode != HttpStatusCode.Conflict)
                return await response.ShouldAnswerWith(HttpStatusCode.OK);
            await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
        }
    }

    /// <summary>When a service can be booked on a day of tests, as hours in UTC.</summary>
    public static async Task<IReadOnlyList<int>> FreeHours(this HttpClient client, Trade trade, string day = "2026-03-05")
    {
        var next = DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture).AddDays(1).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);
        var answer = await client.ReadAsync($"/api/availability?service_id={trade.ServiceId}&from={day}T08:00:00Z&to={next}T08:00:00Z");
        return [.. answer.Data().Select(slot => slot.GetProperty("starts_at").GetDateTime().ToUniversalTime().Hour)];
    }

    /// <summary>As stored, at an address where nobody listens; it is not due for ages.</summary>
    public static async Task<string> GivenACalendarOfNobody(this KestrelVoiceApp app, TestTenant tenant)
    {
        var id = Guid.CreateVersion7(app.Clock.GetUtcNow());
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(
            """
            insert into calendar_connections (tenant_id, id, resource_id, kind, url, name, user_name, secret, receives_appointments, status,
                synced_at, synced_from, synced_to, poll_seconds, due_at, created_at)
            select @TenantId, @Id, id, 'caldav', @Url, 'Jobs', 'dana', 'v1', false, 'connected', @Now, @Now, @Now, 300, 'infinity', @Now
            from resources
            where tenant_id = @TenantId
            limit 1
            """,
            new { TenantId = tenant.Id, Id = id, Url = $"{WebhookRequests.Nobody}/{tenant.Id}", Now = app.Clock.GetUtcNow().UtcDateTime });
        return TypeId.Format(TypeId.Calendar, id);
    }
}
