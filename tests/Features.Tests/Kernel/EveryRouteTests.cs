using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Kernel;

/// <summary>Made from the route table, so that a new route cannot be forgotten.</summary>
public sealed class EveryRouteTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static readonly string[] BadIds = ["x", "17", "call_", "key_", "-1", "null", "%27%20or%201=1--", "%F0%9F%92%A5", new('a', 2000)];

    private static readonly string[] BadValues =
        ["", " ", "-1", "0x10", "NaN", "null", "' or 1=1--", "💥", "\u0001", "99999999999999999999999", "2026-13-45", "%", new('a', 3000)];

    private static readonly string[] BadBodies =
        ["", "{", "null", "[]", "1", "\"text\"", "{}", "{\"name\":null}", "{\"name\":1,\"scopes\":\"read\"}", "{\"name\":\"\\u0000\",\"scopes\":[\"read\"]}",
         "{\"name\":\"\\ud800\",\"scopes\":[\"read\"]}", "{\"name\":\"x\",\"scopes\":[\"admin\"]}", "{\"name\":\"x\",\"scopes\":[]}", "{\"name\":\"x\",\"scopes\":[null]}",
         new('[', 500)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Another_tenants_id_does_not_exist()
    {
        var (mine, theirs) = (await app.GivenATenant(), await app.GivenATenant());
        using var stranger = await SignedIn(mine);
        using var owner = await SignedIn(theirs);
        using var key = app.ClientFor(mine);
        var ids = await GivenOneOfEverything(theirs, owner);
        var before = await Everything(owner);

        var asked = 0;
        foreach (var (method, path, _) in Routes().Where(route => route.Path.Contains("{id}", StringComparison.Ordinal)))
        {
            var (_, id) = ids.ShouldContainPrefixOf(path);
            foreach (var form in new[] { id, TypeId.Parse(id[..id.IndexOf('_', StringComparison.Ordinal)], id).ToString() })
            {
                var target = path.Replace("{id}", form, StringComparison.Ordinal);
                await (await Send(stranger, method, target)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
                (await Send(key, method, target)).StatusCode.ShouldBeOneOf(HttpStatusCode.NotFound, HttpStatusCode.Forbidden);
                asked++;
            }
        }

        asked.ShouldBeGreaterThanOrEqualTo(6);
        (await Everything(owner)).ShouldBe(before);
    }

    [Fact]
    public async Task What_is_listed_is_ones_own()
    {
        var (mine, theirs) = (await app.GivenATenant(name: "Mine"), await app.GivenATenant(name: "Theirs"));
        using var me = await SignedIn(mine);
        using var they = await SignedIn(theirs);
        var ids = await GivenOneOfEverything(theirs, they);

        var seen = await Everything(me);

        seen.ShouldContain("Mine");
        seen.ShouldNotContain("Theirs");
        foreach (var id in ids.Values)
            seen.ShouldNotContain(id);
    }

    [Fact]
    public async Task Bad_input_in_any_place_is_refused_in_the_documented_body()
    {
        var tenant = await app.GivenATenant();
        using var client = await SignedIn(tenant);
        using var key = app.ClientFor(tenant);
        var refused = 0;
        foreach (var (method, path, endpoint) in Routes())
        {
            var target = path.Replace("{id}", TypeId.Format(TypeId.Call, Guid.CreateVersion7(KestrelVoiceApp.Noon)), StringComparison.Ordinal);
            if (path.Contains("{id}", StringComparison.Ordinal))
                foreach (var id in BadIds)
                    await Refused(client, method, path.Replace("{id}", id, StringComparison.Ordinal));
            foreach (var caller in new[] { client, key })
                await Refused(caller, method, target + "?surely_not_a_parameter=1");
            foreach (var name in endpoint.Metadata.GetMetadata<QueryParameters>()?.Names ?? [])
                foreach (var value in BadValues)
                    await Refused(client, method, $"{target}?{name}={Uri.EscapeDataString(value)}");
            if (endpoint.Metadata.GetMetadata<IAcceptsMetadata>() is not null)
                foreach (var body in BadBodies)
                    await Refused(client, method, target, new StringContent(body, Encoding.UTF8, "application/json"));
        }

        refused.ShouldBeGreaterThan(100);

        async Task Refused(HttpClient caller, HttpMethod method, string target, HttpContent? body = null)
        {
            using var response = await Send(caller, method, target, body);
            var text = await response.Content.ReadAsStringAsync(Token);
            ((int)response.StatusCode).ShouldBeInRange(400, 499, $"{method} {target}: {text}");
            response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json", target);
            using var problem = JsonDocument.Parse(text);
            problem.RootElement.GetProperty("error").GetString().ShouldNotBeNullOrEmpty();
            problem.RootElement.GetProperty("request_id").GetString().ShouldBe(response.Headers.GetValues("X-Request-Id").Single());
            refused++;
        }
    }

    private IEnumerable<(HttpMethod Method, string Path, Endpoint Endpoint)> Routes()
    {
        app.StartServer();
        return
            from endpoint in app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            let path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')
            where path.StartsWith("/api/", StringComparison.Ordinal)
            from method in endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
            select (new HttpMethod(method), path, (Endpoint)endpoint);
    }

    private async Task<HttpClient> SignedIn(TestTenant tenant) => await app.SignedIn(await app.GivenAMember((tenant, "owner")));

    /// <summary>By the beginning of the routes that take its id.</summary>
    private async Task<Dictionary<string, string>> GivenOneOfEverything(TestTenant tenant, HttpClient owner)
    {
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("Theirs alone"), call.Recording(RecordingKind.Call), call.Ended());
        using var created = await owner.PostAsJsonAsync("/api/api-keys", new { name = "Theirs", scopes = new[] { "read" } }, Token);
        var key = (await created.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("id").GetString()!;
        return new() { ["/api/call-logs"] = (await owner.ReadAsync("/api/call-logs")).Data().Single().Id(), ["/api/api-keys"] = key };
    }

    /// <summary>What every route without an id answers to a GET.</summary>
    private async Task<string> Everything(HttpClient client)
    {
        var all = new StringBuilder();
        foreach (var (_, path, _) in Routes().Where(route => route.Method == HttpMethod.Get && !route.Path.Contains('{', StringComparison.Ordinal)))
            all.AppendLine((await client.ReadAsync(path)).GetRawText());
        return all.ToString();
    }

    private static async Task<HttpResponseMessage> Send(HttpClient client, HttpMethod method, string target, HttpContent? body = null)
    {
        using var request = new HttpRequestMessage(method, target) { Content = body };
        return await client.SendAsync(request, Token);
    }
}

internal static class PrefixLookup
{
    /// <summary>Fails for a route of which nobody said whose ids it takes.</summary>
    public static KeyValuePair<string, string> ShouldContainPrefixOf(this Dictionary<string, string> ids, string path) =>
        ids.Where(entry => path.StartsWith(entry.Key + "/", StringComparison.Ordinal)).ShouldHaveSingleItem(path);
}
