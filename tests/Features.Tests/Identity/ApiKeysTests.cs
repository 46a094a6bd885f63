using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class ApiKeysTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_is_shown_once_and_opens_what_its_scopes_allow()
    {
        using var owner = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));

        var response = await Create(owner, """{"name":"  Zapier ","scopes":["read"]}""");

        var created = await response.ShouldAnswer(HttpStatusCode.Created);
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        created.GetProperty("name").GetString().ShouldBe("Zapier");
        created.GetProperty("scopes").GetRawText().ShouldBe("""["read"]""");
        var key = created.GetProperty("key").GetString()!;
        response.Headers.Location!.ToString().ShouldBe("/api/api-keys/" + created.GetProperty("id").GetString());

        using var client = Using(key);
        await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);
        var list = await List(owner);
        var item = list.GetProperty("data").EnumerateArray().ShouldHaveSingleItem();
        item.EnumerateObject().Select(member => member.Name).ShouldBe(
            ["id", "name", "mode", "scopes", "prefix", "last4", "created_at", "last_used_at", "expires_at", "revoked_at"]);
        item.GetProperty("prefix").GetString().ShouldBe(key[..16]);
        item.GetProperty("last4").GetString().ShouldBe(key[^4..]);
        list.GetRawText().ShouldNotContain(key[17..]);
    }

    [Fact]
    public async Task A_revoked_key_is_dead_at_once_and_revoking_again_is_fine()
    {
        using var owner = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "admin")));
        var created = await (await Create(owner, """{"name":"Short-lived","scopes":["read","write"]}""")).ShouldAnswer(HttpStatusCode.Created);
        using var client = Using(created.GetProperty("key").GetString()!);
        await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);

        var path = "/api/api-keys/" + created.GetProperty("id").GetString();
        (await owner.DeleteAsync(path, Stop)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        await (await client.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
        (await owner.DeleteAsync(path, Stop)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await List(owner)).GetProperty("data")[0].GetProperty("revoked_at").ValueKind.ShouldBe(JsonValueKind.String);
    }

    [Fact]
    public async Task The_list_is_read_page_by_page_and_newest_first()
    {
        using var owner = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));
        for (var i = 1; i <= 5; i++)
        {
            await (await Create(owner, $$"""{"name":"Key {{i}}","scopes":["read"]}""")).ShouldAnswer(HttpStatusCode.Created);
            app.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var names = new List<string?>();
        var query = "?limit=2";
        for (var page = 0; page < 3; page++)
        {
            var list = await List(owner, query);
            list.GetProperty("pagination").GetProperty("total").GetInt64().ShouldBe(5);
            names.AddRange(list.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("name").GetString()));
            query = "?limit=2&cursor=" + list.GetProperty("pagination").GetProperty("next_cursor").GetString();
        }

        names.ShouldBe(["Key 5", "Key 4", "Key 3", "Key 2", "Key 1"]);
        query.ShouldBe("?limit=2&cursor=");
        (await List(owner, "?offset=4")).GetProperty("data")[0].GetProperty("name").GetString().ShouldBe("Key 1");
    }

    [Theory]
    [InlineData("""{"name":"","scopes":["read"]}""")]
    [InlineData("""{"name":"   ","scopes":["read"]}""")]
    [InlineData("""{"name":null,"scopes":["read"]}""")]
    [InlineData("""{"scopes":["read"]}""")]
    [InlineData("""{"name":"a\u0000b","scopes":["read"]}""")]
    [InlineData("""{"name":7,"scopes":["read"]}""")]
    [InlineData("""{"name":"x"}""")]
    [InlineData("""{"name":"x","scopes":[]}""")]
    [InlineData("""{"name":"x","scopes":["read","read"]}""")]
    [InlineData("""{"name":"x","scopes":["admin"]}""")]
    [InlineData("""{"name":"x","scopes":[null]}""")]
    [InlineData("""{"name":"x","scopes":"read"}""")]
    [InlineData("""{"name":"x","scopes":["read"],"tenant_id":"y"}""")]
    [InlineData("""{"name":"x","scopes":["read"],"mode":"sandbox"}""")]
    [InlineData("""{"name":"x","scopes":["read"],"mode":1}""")]
    [InlineData("not json")]
    [InlineData("null")]
    public async Task A_bad_body_is_400(string body)
    {
        using var owner = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));

        await (await Create(owner, body)).ShouldBeProblem(HttpStatusCode.BadRequest, "invalid_parameter");
    }

    [Theory]
    [InlineData(100, HttpStatusCode.Created)]
    [InlineData(101, HttpStatusCode.BadRequest)]
    public async Task A_name_has_up_to_100_characters(int length, HttpStatusCode status)
    {
        using var owner = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));

        var body = JsonSerializer.Serialize(new { name = new string('é', length), scopes = new[] { "write" } });
        await (await Create(owner, body)).ShouldAnswer(status);
    }

    [Theory]
    [InlineData("?limit=0")]
    [InlineData("?limit=101")]
    [InlineData("?limit=x")]
    [InlineData("?offset=-1")]
    [InlineData("?cursor=nonsense")]
    [InlineData("?cursor=key_00000000000000000000000000&offset=1")]
    [InlineData("?page=2")]
    public async Task A_bad_query_is_400(string query)
    {
        using var owner = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));

        await (await owner.GetAsync("/api/api-keys" + query, Stop)).ShouldBeProblem(HttpStatusCode.BadRequest, "invalid_parameter");
    }

    [Fact]
    public async Task Members_and_keys_may_not_touch_keys()
    {
        var tenant = await app.GivenATenant();
        using var member = await app.SignedIn(await app.GivenAMember((tenant, "member")));
        using var key = Using((await app.GivenAKey(tenant, "read", "write")).Text);
        foreach (var client in new[] { member, key })
        {
            await (await client.GetAsync("/api/api-keys", Stop)).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
            await (await Create(client, """{"name":"x","scopes":["read"]}""")).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
            await (await client.DeleteAsync("/api/api-keys/key_00000000000000000000000000", Stop))
                .ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
        }
    }

    [Fact]
    public async Task Another_tenants_key_does_not_exist()
    {
        using var owner = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));
        using var stranger = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));
        var created = await (await Create(owner, """{"name":"Mine","scopes":["read"]}""")).ShouldAnswer(HttpStatusCode.Created);

        await (await stranger.DeleteAsync("/api/api-keys/" + created.GetProperty("id").GetString(), Stop))
            .ShouldBeProblem(HttpStatusCode.NotFound, "not_found");

        (await List(stranger)).GetProperty("data").GetArrayLength().ShouldBe(0);
        (await List(owner)).GetProperty("data")[0].GetProperty("revoked_at").ValueKind.ShouldBe(JsonValueKind.Null);
        await (await stranger.DeleteAsync("/api/api-keys/nonsense", Stop)).ShouldBeProblem(HttpStatusCode.BadRequest, "invalid_parameter");
    }

    [Fact]
    public async Task A_tenant_has_at_most_a_hundred_live_keys()
    {
        using var owner = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));
        string? last = null;
        for (var i = 0; i < 100; i++)
        {
            var created = await (await Create(owner, """{"name":"One of many","scopes":["read"]}""")).ShouldAnswer(HttpStatusCode.Created);
            last = created.GetProperty("id").GetString();
        }

        await (await Create(owner, """{"name":"Too many","scopes":["read"]}""")).ShouldBeProblem(HttpStatusCode.Conflict, "conflict");

        (await owner.DeleteAsync("/api/api-keys/" + last, Stop)).EnsureSuccessStatusCode();
        await (await Create(owner, """{"name":"Fits again","scopes":["read"]}""")).ShouldAnswer(HttpStatusCode.Created);
    }

    [Fact]
    public async Task When_a_key_was_used_shows_soon_after()
    {
        var tenant = await app.GivenATenant();
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        using var client = Using((await app.GivenAKey(tenant, "read")).Text);
        var used = app.Clock.GetUtcNow();
        await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);

        await Eventually(async () =>
        {
            app.Clock.Advance(TimeSpan.FromSeconds(2));
            var shown = (await List(owner)).GetProperty("data")[0].GetProperty("last_used_at");
            return shown.ValueKind is JsonValueKind.String && shown.GetDateTimeOffset() == used;
        });
    }

    private static async Task Eventually(Func<Task<bool>> holds)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        while (!await holds())
            await Task.Delay(TimeSpan.FromMilliseconds(50), patience.Token);
    }

    private HttpClient Using(string key)
    {
        var client = app.Stranger();
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        return client;
    }

    private static async Task<HttpResponseMessage> Create(HttpClient client, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await client.PostAsync("/api/api-keys", content, Stop);
    }

    private static async Task<JsonElement> List(HttpClient client, string query = "") =>
        await client.GetFromJsonAsync<JsonElement>("/api/api-keys" + query, Stop);
}
