using System.Net;
using System.Net.Http.Json;
using System.Text;
using Dapper;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Identity;

/// <summary>An app that also has a dashboard on a host beside it.</summary>
public sealed class AppWithDashboard : KestrelVoiceApp
{
    public const string Origin = "https://app.example.test";

    public AppWithDashboard(TestCluster cluster) : base(cluster) => Settings["Cors:Origins:0"] = Origin;
}

public sealed class CredentialTests(AppWithDashboard app) : IClassFixture<AppWithDashboard>
{
    private const string OwnOrigin = "https://api.example.test";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3000, 2)]
    public async Task The_session_cookie_signs_in_whole_or_in_chunks(int padding, int cookies)
    {
        var member = await app.GivenAMember((await app.GivenATenant(), "member"));
        var session = await app.SignIn(member);
        var json = session.GetRawText().Replace("\"user\":{", "\"pad\":\"" + new string('x', padding) + "\",\"user\":{", StringComparison.Ordinal);
        SessionCookie.Encode(Member.CookieName, json).Count.ShouldBeGreaterThanOrEqualTo(cookies);
        using var client = WithCookie(json);

        var me = await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);

        me.GetProperty("email").GetString().ShouldBe(member.Email);
    }

    [Fact]
    public async Task What_the_cookie_says_of_the_user_is_not_believed()
    {
        var member = await app.GivenAMember((await app.GivenATenant(), "member"));
        var session = await app.SignIn(member);
        using var client = WithCookie(session.GetRawText().Replace(member.Email, "boss@maplestreet.example", StringComparison.Ordinal));

        var me = await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);

        me.GetProperty("email").GetString().ShouldBe(member.Email);
    }

    [Theory]
    [InlineData("base64-garbage")]
    [InlineData("base64-WyJhIiwiYiIsbnVsbCxudWxsLG51bGxd")]
    public async Task A_cookie_that_is_no_session_is_401(string value)
    {
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("Cookie", $"{Member.CookieName}={value}");

        await (await client.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task A_session_cookie_of_another_name_is_nobody()
    {
        var session = await app.SignIn(await app.GivenAMember((await app.GivenATenant(), "member")));
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("Cookie", string.Join("; ", SessionCookie.Encode("sb-other-auth-token", session.GetRawText())
            .Select(cookie => $"{cookie.Key}={cookie.Value}")));

        await (await client.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task An_expired_token_says_so()
    {
        var member = await app.GivenAMember((await app.GivenATenant(), "owner"));
        var session = await app.SignIn(member);
        app.Clock.Advance(TimeSpan.FromHours(1) + AccessTokenVerifier.Leeway);
        using var client = app.Bearing(session.AccessToken());

        var response = await client.GetAsync("/api/me", Stop);

        var problem = await response.ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
        problem.GetProperty("reason").GetString().ShouldBe("token_expired");
        response.Headers.WwwAuthenticate.ToString().ShouldContain("invalid_token");
    }

    [Fact]
    public async Task Signing_out_is_felt_within_a_second()
    {
        using var client = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));
        await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);
        (await client.PostAsync("/auth/v1/logout", null, Stop)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        app.Clock.Advance(TimeSpan.FromSeconds(1));

        await (await client.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task A_lost_membership_is_felt_within_a_second()
    {
        var member = await app.GivenAMember((await app.GivenATenant(), "owner"));
        using var client = await app.SignedIn(member);
        await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);
        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        await connection.ExecuteAsync("delete from members where user_id = @Id", new { member.Id });

        app.Clock.Advance(TimeSpan.FromSeconds(1));

        await (await client.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task A_key_and_a_session_together_are_refused()
    {
        var tenant = await app.GivenATenant();
        var key = await app.GivenAKey(tenant, "read");
        var session = await app.SignIn(await app.GivenAMember((tenant, "owner")));
        using var cookie = WithCookie(session.GetRawText());
        using var bearer = app.Bearing(session.AccessToken());
        foreach (var client in new[] { cookie, bearer })
        {
            client.DefaultRequestHeaders.Add("X-API-Key", key.Text);
            await (await client.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.BadRequest, "invalid_parameter");
        }
    }

    [Fact]
    public async Task A_key_from_a_browser_is_refused()
    {
        var key = await app.GivenAKey(await app.GivenATenant(), "read");
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("X-API-Key", key.Text);
        client.DefaultRequestHeaders.Add("Origin", AppWithDashboard.Origin);

        await (await client.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task Unknown_wrong_revoked_and_expired_keys_get_the_same_answer()
    {
        var tenant = await app.GivenATenant();
        var wrong = await app.GivenAKey(tenant, "read");
        var revoked = await app.GivenAKey(tenant, "read");
        var expired = await app.GivenAKey(tenant, "read");
        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        var now = app.Clock.GetUtcNow().UtcDateTime;
        await connection.ExecuteAsync(
            """
            update api_keys set revoked_at = @now where lookup_id = @revoked;
            update api_keys set expires_at = @now where lookup_id = @expired
            """, new { now, revoked = revoked.LookupId, expired = expired.LookupId });
        var fresh = ApiKeyText.Create().Text;
        var forged = $"{wrong.Prefix}{fresh[16..]}";

        var answers = new List<string>();
        foreach (var text in new[] { fresh, forged, revoked.Text, expired.Text, "garbage" })
        {
            using var client = app.Stranger();
            client.DefaultRequestHeaders.Add("X-API-Key", text);
            var problem = await (await client.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
            answers.Add(string.Join(',', problem.EnumerateObject().Where(member => member.Name != "request_id")));
        }
        answers.Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_member_of_several_tenants_names_one()
    {
        var (first, second, foreign) = (await app.GivenATenant(name: "First"), await app.GivenATenant(name: "Second"), await app.GivenATenant());
        var member = await app.GivenAMember((first, "member"), (second, "owner"));
        using var client = await app.SignedIn(member);

        (await TenantOf(client, null)).ShouldBe("First");
        (await TenantOf(client, TypeId.Format(TypeId.Tenant, second.Id))).ShouldBe("Second");
        (await TenantOf(client, second.Id.ToString())).ShouldBe("Second");
        await (await Ask(client, foreign.Id.ToString())).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
        await (await Ask(client, "ten_nonsense")).ShouldBeProblem(HttpStatusCode.BadRequest, "invalid_parameter");
    }

    [Fact]
    public async Task The_tenant_in_the_app_metadata_is_the_default_only_for_its_members()
    {
        var (first, second, foreign) = (await app.GivenATenant(name: "First"), await app.GivenATenant(name: "Second"), await app.GivenATenant());
        foreach (var (preferred, expected) in new[] { (second, "Second"), (foreign, "First") })
        {
            var member = await app.GivenAMember((first, "member"), (second, "owner"));
            await using var connection = await app.Owner.OpenConnectionAsync(Stop);
            await connection.ExecuteAsync(
                "update identity.users set app_metadata = app_metadata || jsonb_build_object('tenant_id', @Tenant::text) where id = @Id",
                new { member.Id, Tenant = preferred.Id.ToString() });
            using var client = await app.SignedIn(member);

            (await TenantOf(client, null)).ShouldBe(expected);
        }
    }

    [Fact]
    public async Task A_key_cannot_name_another_tenant()
    {
        var (own, other) = (await app.GivenATenant(name: "Own"), await app.GivenATenant());
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("X-API-Key", (await app.GivenAKey(own, "read")).Text);

        (await TenantOf(client, own.Id.ToString())).ShouldBe("Own");
        await (await Ask(client, other.Id.ToString())).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    public static TheoryData<string?, string?, string?, bool> Writes => new()
    {
        { "same-origin", null, null, true },
        { "same-origin", OwnOrigin, null, true },
        { "same-site", AppWithDashboard.Origin, null, true },
        { "same-site", "https://evil.example.test", null, false },
        { "same-site", null, null, false },
        { "cross-site", AppWithDashboard.Origin, null, false },
        { "cross-site", null, null, false },
        { null, OwnOrigin, null, true },
        { null, AppWithDashboard.Origin, null, true },
        { null, "https://evil.example", null, false },
        { null, "null", null, false },
        { null, null, AppWithDashboard.Origin + "/settings?tab=1", true },
        { null, null, "https://evil.example/?" + AppWithDashboard.Origin, false },
        { null, null, null, false },
    };

    [Theory]
    [MemberData(nameof(Writes))]
    public async Task A_write_by_cookie_must_come_from_our_pages(string? site, string? origin, string? referer, bool allowed)
    {
        var session = await app.SignIn(await app.GivenAMember((await app.GivenATenant(), "owner")));
        using var client = WithCookie(session.GetRawText());
        foreach (var (name, value) in new[] { ("Sec-Fetch-Site", site), ("Origin", origin), ("Referer", referer) })
        {
            if (value is not null)
                client.DefaultRequestHeaders.TryAddWithoutValidation(name, value);
        }

        var response = await client.PostAsJsonAsync("/api/api-keys", new { name = "From a page", scopes = new[] { "read" } }, Stop);

        if (allowed)
            await response.ShouldAnswer(HttpStatusCode.Created);
        else
            await response.ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    [Theory]
    [InlineData("application/json", HttpStatusCode.NotFound)]
    [InlineData("application/json; charset=utf-8", HttpStatusCode.NotFound)]
    [InlineData(null, HttpStatusCode.NotFound)]
    [InlineData("text/plain", HttpStatusCode.Forbidden)]
    [InlineData("application/x-www-form-urlencoded", HttpStatusCode.Forbidden)]
    [InlineData("multipart/form-data; boundary=x", HttpStatusCode.Forbidden)]
    public async Task A_write_by_cookie_is_not_what_a_form_can_send(string? contentType, HttpStatusCode status)
    {
        var session = await app.SignIn(await app.GivenAMember((await app.GivenATenant(), "owner")));
        using var client = WithCookie(session.GetRawText());
        client.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-origin");
        using var request = new HttpRequestMessage(HttpMethod.Delete, "/api/api-keys/key_00000000000000000000000000");
        if (contentType is not null)
        {
            request.Content = new StringContent("{}", Encoding.UTF8);
            request.Content.Headers.Remove("Content-Type");
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        await (await client.SendAsync(request, Stop)).ShouldAnswer(status);
    }

    [Fact]
    public async Task A_bearer_token_needs_no_origin_since_no_browser_sends_it_by_itself()
    {
        using var client = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));

        var response = await client.PostAsJsonAsync("/api/api-keys", new { name = "x", scopes = new[] { "read" } }, Stop);

        await response.ShouldAnswer(HttpStatusCode.Created);
    }

    private HttpClient WithCookie(string sessionJson)
    {
        var client = app.Stranger();
        client.DefaultRequestHeaders.Add("Cookie", string.Join("; ", SessionCookie.Encode(Member.CookieName, sessionJson)
            .Select(cookie => $"{cookie.Key}={cookie.Value}")));
        return client;
    }

    private static async Task<string?> TenantOf(HttpClient client, string? tenant) =>
        (await (await Ask(client, tenant)).ShouldAnswer(HttpStatusCode.OK)).GetProperty("tenant").GetProperty("name").GetString();

    private static async Task<HttpResponseMessage> Ask(HttpClient client, string? tenant)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/me");
        if (tenant is not null)
            request.Headers.Add("X-Tenant-Id", tenant);
        return await client.SendAsync(request, Stop);
    }
}
