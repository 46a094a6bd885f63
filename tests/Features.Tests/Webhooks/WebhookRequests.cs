using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace KestrelVoice.Features.Tests.Webhooks;

/// <summary>Webhook endpoints, by the API's own routes.</summary>
internal static class WebhookRequests
{
    /// <summary>An address at which nobody listens.</summary>
    public const string Nobody = "http://127.0.0.1:1025/kestrel";

    public static async Task<JsonElement> GivenAnEndpoint(this HttpClient client, string url = Nobody, params string[] events)
    {
        using var response = await client.PostAsJsonAsync(
            "/api/webhooks", events is [] ? new { url } : (object)new { url, events }, TestContext.Current.CancellationToken);
        return await response.ShouldAnswerWith(HttpStatusCode.Created);
    }

    public static async Task<JsonElement> GivenAHook(this HttpClient client, string targetUrl = Nobody, string type = "call.completed")
    {
        using var response = await client.PostAsJsonAsync(
            "/api/hooks", new { @event = type, target_url = targetUrl }, TestContext.Current.CancellationToken);
        return await response.ShouldAnswerWith(HttpStatusCode.Created);
    }

    /// <summary>The JSON as it is, or no body at all.</summary>
    public static async Task<HttpResponseMessage> SendAsync(this HttpClient client, HttpMethod method, string path, string? json = null)
    {
        using var content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        using var request = new HttpRequestMessage(method, path) { Content = content };
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public static async Task<JsonElement> PostAsync(this HttpClient client, string path, string? json = null)
    {
        using var response = await client.SendAsync(HttpMethod.Post, path, json);
        return await response.ShouldAnswerWith(HttpStatusCode.OK);
    }

    public static async Task<JsonElement> ShouldAnswerWith(this HttpResponseMessage response, HttpStatusCode status)
    {
        await response.ShouldBe(status);
        return await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    public static string Text(this JsonElement element, string member) => element.GetProperty(member).GetString()!;

    public static bool IsNull(this JsonElement element, string member) => element.GetProperty(member).ValueKind is JsonValueKind.Null;

    public static IEnumerable<string> Names(this JsonElement element) => element.EnumerateObject().Select(member => member.Name);

    public static IEnumerable<string> Texts(this JsonElement element, string member) => element.GetProperty(member).EnumerateArray().Select(item => item.GetString()!);
}
