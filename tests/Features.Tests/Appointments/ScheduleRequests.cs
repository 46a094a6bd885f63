using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace KestrelVoice.Features.Tests.Appointments;

/// <summary>What an office sets up.</summary>
internal static class ScheduleRequests
{
    public static readonly object[] EveryDay =
    [
        .. new[] { "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday" }.Select(day => new { day, opens = "08:00", closes = "17:00" }),
    ];

    public static async Task<JsonElement> GivenAService(this HttpClient client, string name = "Boiler check", params string[] resourceIds) =>
        await client.CreatedAsync("/api/services", new { name, length_minutes = 60, step_minutes = 60, resource_ids = resourceIds });

    public static async Task<JsonElement> GivenAResource(this HttpClient client, string name = "Robin") =>
        await client.CreatedAsync("/api/resources", new { name, travel_minutes = 0, working_hours = EveryDay });

    public static Task<HttpResponseMessage> SendJson(this HttpClient client, string method, string path, string json) => client.SendAsync(
        new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent(json, Encoding.UTF8, "application/json") },
        TestContext.Current.CancellationToken);

    /// <summary>When a service could begin on a day, in UTC.</summary>
    public static async Task<IReadOnlyList<string>> OfferedOn(this HttpClient client, string serviceId, string day, string? resourceId = null)
    {
        var next = DateOnly.Parse(day, null).AddDays(1).ToString("yyyy-MM-dd", null);
        var path = $"/api/availability?service_id={serviceId}&from={day}T08:00:00Z&to={next}T08:00:00Z" + (resourceId is null ? "" : $"&resource_id={resourceId}");
        return [.. (await client.ReadAsync(path)).Data().Select(slot => slot.GetProperty("starts_at").GetString()!)];
    }

    /// <summary>What the log says of it, by name: the clock of tests stands still.</summary>
    public static async Task<IReadOnlyList<string>> Audited(this HttpClient owner, string target) =>
    [
        .. from entry in (await owner.ReadAsync("/api/audit-log?limit=100")).Data()
           where entry.GetProperty("target").GetString() == target
           let text = entry.GetProperty("action").GetString() + (entry.GetProperty("detail").GetString() is { } detail ? ": " + detail : "")
           orderby text
           select text,
    ];

    private static async Task<JsonElement> CreatedAsync(this HttpClient client, string path, object body)
    {
        using var response = await client.PostAsJsonAsync(path, body, TestContext.Current.CancellationToken);
        await response.ShouldBe(HttpStatusCode.Created);
        var created = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        response.Headers.Location!.ToString().ShouldBe($"{path}/{created.Id()}");
        return created;
    }
}
