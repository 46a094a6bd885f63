using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.Features.Tests.Webhooks;

namespace KestrelVoice.Features.Tests.Identity;

/// <summary>Test keys, as owners make them.</summary>
internal static class TestKeys
{
    public static async Task<JsonElement> CreateAKey(this HttpClient owner, string mode, params string[] scopes)
    {
        using var response = await owner.PostAsJsonAsync(
            "/api/api-keys", new { name = "Trial", mode, scopes = scopes is [] ? ["read", "write"] : scopes }, TestContext.Current.CancellationToken);
        return await response.ShouldAnswerWith(HttpStatusCode.Created);
    }

    public static HttpClient Using(this KestrelVoiceApp app, string key)
    {
        var client = app.Stranger();
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        return client;
    }

    /// <summary>A client with a test key of the tenant.</summary>
    public static async Task<HttpClient> GivenATestClient(this KestrelVoiceApp app, TestTenant tenant, params string[] scopes)
    {
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        return app.Using((await owner.CreateAKey("test", scopes)).Text("key"));
    }
}
