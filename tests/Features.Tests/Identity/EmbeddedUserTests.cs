using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class EmbeddedUserTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_member_reads_and_changes_themselves()
    {
        var member = await app.GivenAMember();
        using var client = await app.SignedIn(member);

        var before = await (await client.GetAsync("/auth/v1/user", Stop)).ShouldAnswer(HttpStatusCode.OK);
        var after = await Put(client, """{"email":"Renamed@MapleStreet.example","data":{"nickname":"M","color":"green"}}""", HttpStatusCode.OK);
        var merged = await Put(client, """{"data":{"color":null,"size":3}}""", HttpStatusCode.OK);

        before.GetProperty("email").GetString().ShouldBe(member.Email);
        before.GetProperty("identities").GetArrayLength().ShouldBe(1);
        after.GetProperty("email").GetString().ShouldBe("renamed@maplestreet.example");
        merged.GetProperty("user_metadata").GetRawText().ShouldBe("""{"nickname":"M","size":3}""");
        await app.SignIn(member with { Email = "renamed@maplestreet.example" });
    }

    [Fact]
    public async Task A_new_password_ends_every_other_session()
    {
        var member = await app.GivenAMember();
        using var here = await app.SignedIn(member);
        using var elsewhere = await app.SignedIn(member);

        await Put(here, $$"""{"password":"a better one","current_password":"{{member.Password}}"}""", HttpStatusCode.OK);

        (await here.GetAsync("/auth/v1/user", Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await Error(await elsewhere.GetAsync("/auth/v1/user", Stop), HttpStatusCode.Forbidden)).ShouldBe("session_not_found");
        await app.SignIn(member with { Password = "a better one" });
    }

    [Theory]
    [InlineData("""{"app_metadata":{"tenant_id":"x"}}""", 403, "not_admin")]
    [InlineData("""{"password":"short"}""", 422, "weak_password")]
    [InlineData("""{"password":"a better one","current_password":"wrong"}""", 400, "current_password_invalid")]
    [InlineData("""{"email":"no address"}""", 400, "validation_failed")]
    [InlineData("""{"email":"a\u0000@b.example"}""", 400, "validation_failed")]
    [InlineData("""{"phone":"+15035550100"}""", 422, "phone_provider_disabled")]
    [InlineData("""{"data":[1]}""", 400, "validation_failed")]
    [InlineData("""{"data":{"a":"\u0000"}}""", 400, "validation_failed")]
    [InlineData("not json", 400, "bad_json")]
    public async Task A_bad_change_is_named(string body, int status, string code)
    {
        using var client = await app.SignedIn(await app.GivenAMember());

        (await Put(client, body, (HttpStatusCode)status)).GetProperty("error_code").GetString().ShouldBe(code);
    }

    [Fact]
    public async Task Data_that_would_not_fit_a_token_is_refused()
    {
        using var client = await app.SignedIn(await app.GivenAMember());

        var refused = await Put(client, JsonSerializer.Serialize(new { data = new { pad = new string('x', 2048) } }), HttpStatusCode.BadRequest);

        refused.GetProperty("error_code").GetString().ShouldBe("validation_failed");
    }

    [Fact]
    public async Task The_address_of_another_is_taken()
    {
        var other = await app.GivenAMember();
        using var client = await app.SignedIn(await app.GivenAMember());

        var refused = await Put(client, JsonSerializer.Serialize(new { email = other.Email }), HttpStatusCode.UnprocessableEntity);

        refused.GetProperty("error_code").GetString().ShouldBe("email_exists");
    }

    [Fact]
    public async Task Without_a_good_token_there_is_no_user()
    {
        using var stranger = app.Stranger();
        using var keyOnly = app.Bearing("sb_publishable_kestrelvoice");
        foreach (var (method, path) in new[] { (HttpMethod.Get, "/user"), (HttpMethod.Put, "/user"), (HttpMethod.Post, "/logout") })
        {
            using var first = new HttpRequestMessage(method, "/auth/v1" + path);
            using var second = new HttpRequestMessage(method, "/auth/v1" + path);
            (await Error(await stranger.SendAsync(first, Stop), HttpStatusCode.Unauthorized)).ShouldBe("no_authorization");
            (await Error(await keyOnly.SendAsync(second, Stop), HttpStatusCode.Forbidden)).ShouldBe("bad_jwt");
        }
    }

    [Theory]
    [InlineData("?scope=local", false, true)]
    [InlineData("?scope=others", true, false)]
    [InlineData("?scope=global", false, false)]
    [InlineData("", false, false)]
    public async Task Signing_out_ends_the_sessions_of_its_scope(string scope, bool hereLives, bool elsewhereLives)
    {
        var member = await app.GivenAMember();
        using var here = await app.SignedIn(member);
        using var elsewhere = await app.SignedIn(member);

        (await here.PostAsync("/auth/v1/logout" + scope, null, Stop)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        (await here.GetAsync("/auth/v1/user", Stop)).IsSuccessStatusCode.ShouldBe(hereLives);
        (await elsewhere.GetAsync("/auth/v1/user", Stop)).IsSuccessStatusCode.ShouldBe(elsewhereLives);
    }

    [Fact]
    public async Task An_unknown_scope_ends_nothing()
    {
        using var client = await app.SignedIn(await app.GivenAMember());

        (await Error(await client.PostAsync("/auth/v1/logout?scope=mine", null, Stop), HttpStatusCode.BadRequest)).ShouldBe("validation_failed");
        (await client.GetAsync("/auth/v1/user", Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_public_routes_say_what_this_identity_is()
    {
        using var client = app.Stranger();

        var settings = await client.GetFromJsonAsync<JsonElement>("/auth/v1/settings", Stop);
        var health = await client.GetFromJsonAsync<JsonElement>("/auth/v1/health", Stop);
        var discovery = await client.GetFromJsonAsync<JsonElement>("/auth/v1/.well-known/openid-configuration", Stop);
        var keys = await client.GetAsync("/auth/v1/.well-known/jwks.json", Stop);
        var signUp = await client.PostAsJsonAsync("/auth/v1/signup", new { email = "a@b.example", password = "long enough" }, Stop);

        settings.GetProperty("disable_signup").GetBoolean().ShouldBeTrue();
        settings.GetProperty("external").GetProperty("email").GetBoolean().ShouldBeTrue();
        health.GetProperty("version").GetString().ShouldNotBeNullOrEmpty();
        discovery.GetProperty("issuer").GetString().ShouldBe("https://api.example.test/auth/v1");
        discovery.GetProperty("jwks_uri").GetString().ShouldBe("https://api.example.test/auth/v1/.well-known/jwks.json");
        keys.Headers.CacheControl!.MaxAge.ShouldBe(TimeSpan.FromMinutes(10));
        var key = (await keys.ShouldAnswer(HttpStatusCode.OK)).GetProperty("keys").EnumerateArray().First();
        key.EnumerateObject().Select(member => member.Name).ShouldBe(["kty", "crv", "x", "y", "kid", "alg", "use", "key_ops"], ignoreOrder: true);
        (await Error(signUp, HttpStatusCode.UnprocessableEntity)).ShouldBe("signup_disabled");
    }

    private static async Task<JsonElement> Put(HttpClient client, string body, HttpStatusCode status)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        return await (await client.PutAsync("/auth/v1/user", content, Stop)).ShouldAnswer(status);
    }

    private static async Task<string?> Error(HttpResponseMessage response, HttpStatusCode status) =>
        (await response.ShouldAnswer(status)).GetProperty("error_code").GetString();
}
