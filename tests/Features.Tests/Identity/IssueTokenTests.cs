using System.Net;
using System.Text;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Identity.Embedded;
using Microsoft.IdentityModel.JsonWebTokens;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class IssueTokenTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_password_opens_a_session_with_the_claims_of_supabase()
    {
        var member = await app.GivenAMember();

        var session = await app.SignIn(member with { Email = member.Email.ToUpperInvariant() });

        session.EnumerateObject().Select(item => item.Name)
            .ShouldBe(["access_token", "token_type", "expires_in", "expires_at", "refresh_token", "user"]);
        session.GetProperty("token_type").GetString().ShouldBe("bearer");
        session.GetProperty("expires_at").GetInt64().ShouldBe(app.Clock.GetUtcNow().ToUnixTimeSeconds() + 3600);
        session.GetProperty("user").GetProperty("id").GetString().ShouldBe(member.Id.ToString());
        session.GetProperty("user").GetProperty("last_sign_in_at").GetDateTimeOffset().ShouldBe(app.Clock.GetUtcNow());
        var token = new JsonWebToken(session.AccessToken());
        token.Issuer.ShouldBe("https://api.example.test/auth/v1");
        token.Subject.ShouldBe(member.Id.ToString());
        token.Audiences.ShouldBe(["authenticated"]);
        token.Alg.ShouldBe("ES256");
        token.Claims.Select(claim => claim.Type).Distinct().ShouldBe(
            [
                "iss", "sub", "aud", "exp", "iat", "email", "phone", "app_metadata", "user_metadata", "role", "aal", "amr", "session_id",
                "is_anonymous",
            ],
            ignoreOrder: true);
    }

    [Fact]
    public async Task A_wrong_password_and_an_unknown_account_get_the_same_answer()
    {
        var member = await app.GivenAMember();
        using var client = app.Stranger();

        var wrong = await client.Token("password", new { email = member.Email, password = "not it, surely" });
        var unknown = await client.Token("password", new { email = "nobody@maplestreet.example", password = "not it, surely" });

        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        unknown.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await unknown.Content.ReadAsStringAsync(Stop)).ShouldBe(await wrong.Content.ReadAsStringAsync(Stop));
    }

    [Fact]
    public async Task An_error_has_the_shape_that_the_client_asks_for()
    {
        using var client = app.Stranger();

        var older = await client.Token("password", new { email = "nobody@maplestreet.example", password = "x" });
        client.DefaultRequestHeaders.Add("X-Supabase-Api-Version", "2024-01-01");
        var newer = await client.Token("password", new { email = "nobody@maplestreet.example", password = "x" });

        (await older.Content.ReadAsStringAsync(Stop))
            .ShouldBe("""{"code":400,"error_code":"invalid_credentials","msg":"Invalid login credentials"}""");
        older.Headers.Contains("X-Supabase-Api-Version").ShouldBeFalse();
        (await newer.Content.ReadAsStringAsync(Stop)).ShouldBe("""{"code":"invalid_credentials","message":"Invalid login credentials"}""");
        newer.Headers.GetValues("X-Supabase-Api-Version").ShouldBe(["2024-01-01"]);
        newer.Headers.GetValues("x-sb-error-code").ShouldBe(["invalid_credentials"]);
    }

    public static TheoryData<string, string, string> BadRequests => new()
    {
        { "password", "{}", "validation_failed" },
        { "password", """{"email":"a@b.example","phone":"+15035550100","password":"x"}""", "validation_failed" },
        { "password", """{"email":7,"password":"x"}""", "validation_failed" },
        { "password", """{"email":"a@b.example"}""", "invalid_credentials" },
        { "password", """{"email":"not an address","password":"x"}""", "invalid_credentials" },
        { "password", """{"email":"a\u0000@b.example","password":"x"}""", "invalid_credentials" },
        { "password", "not json", "bad_json" },
        { "password", "[]", "bad_json" },
        { "password", "", "bad_json" },
        { "refresh_token", "{}", "validation_failed" },
        { "refresh_token", """{"refresh_token":"never given out"}""", "refresh_token_not_found" },
        { "magic", "{}", "invalid_credentials" },
        { "", "{}", "invalid_credentials" },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public async Task A_bad_request_is_named(string grant, string body, string code)
    {
        using var client = app.Stranger();
        using var content = new StringContent(body, Encoding.UTF8, "application/json");

        var answer = await (await client.PostAsync("/auth/v1/token?grant_type=" + grant, content, Stop)).ShouldAnswer(HttpStatusCode.BadRequest);

        answer.GetProperty("error_code").GetString().ShouldBe(code);
    }

    [Fact]
    public async Task A_refresh_token_is_used_once_and_its_parent_is_forgiven()
    {
        var first = await app.SignIn(await app.GivenAMember());
        using var client = app.Stranger();

        var second = await Refresh(client, first.RefreshToken());
        app.Clock.Advance(TimeSpan.FromMinutes(5));
        var lostAnswer = await Refresh(client, first.RefreshToken());

        second.RefreshToken().ShouldNotBe(first.RefreshToken());
        lostAnswer.RefreshToken().ShouldBe(second.RefreshToken());
        SessionOf(lostAnswer).ShouldBe(SessionOf(first));
    }

    [Fact]
    public async Task Refreshing_at_the_same_time_yields_one_successor()
    {
        var session = await app.SignIn(await app.GivenAMember());
        using var client = app.Stranger();

        var refreshed = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Refresh(client, session.RefreshToken())));

        refreshed.Select(answer => answer.RefreshToken()).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task An_old_token_ends_the_whole_session()
    {
        var member = await app.GivenAMember((await app.GivenATenant(), "owner"));
        var first = await app.SignIn(member);
        using var client = app.Stranger();
        var second = await Refresh(client, first.RefreshToken());
        var third = await Refresh(client, second.RefreshToken());
        app.Clock.Advance(RefreshToken.ReuseInterval + TimeSpan.FromSeconds(1));

        (await Code(client, first.RefreshToken())).ShouldBe("refresh_token_already_used");

        (await Code(client, third.RefreshToken())).ShouldBe("refresh_token_not_found");
        using var signedIn = app.Bearing(third.AccessToken());
        (await signedIn.GetAsync("/api/me", Stop)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task A_session_that_nobody_refreshed_for_a_month_is_over()
    {
        var session = await app.SignIn(await app.GivenAMember());
        using var client = app.Stranger();
        app.Clock.Advance(Sessions.LongestIdle + TimeSpan.FromMinutes(1));

        (await Code(client, session.RefreshToken())).ShouldBe("session_expired");
        (await Code(client, session.RefreshToken())).ShouldBe("refresh_token_not_found");
    }

    [Fact]
    public async Task A_banned_member_neither_signs_in_nor_refreshes()
    {
        var member = await app.GivenAMember();
        var session = await app.SignIn(member);
        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        await connection.ExecuteAsync(
            "update identity.users set banned_until = @Until where id = @Id",
            new { member.Id, Until = app.Clock.GetUtcNow().UtcDateTime.AddHours(1) });
        using var client = app.Stranger();

        (await Code(client, session.RefreshToken())).ShouldBe("user_banned");
        var response = await client.Token("password", new { email = member.Email, password = member.Password });
        var signIn = await response.ShouldAnswer(HttpStatusCode.BadRequest);
        signIn.GetProperty("error_code").GetString().ShouldBe("user_banned");
    }

    [Fact]
    public async Task Guessing_is_cut_short_for_account_after_account_and_known_or_not()
    {
        using var client = app.Stranger();
        var known = await app.GivenAMember();
        foreach (var email in new[] { known.Email, "a stranger@maplestreet.example".Replace(' ', '.') })
        {
            for (var i = 0; i < 10; i++)
                (await client.Token("password", new { email, password = "guess " + i })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);

            var refused = await client.Token("password", new { email, password = known.Password });

            (await refused.ShouldAnswer(HttpStatusCode.TooManyRequests)).GetProperty("error_code").GetString().ShouldBe("over_request_rate_limit");
            refused.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(30));
        }
        app.Clock.Advance(TimeSpan.FromSeconds(30));
        await app.SignIn(known);
        app.Clock.Advance(TimeSpan.FromMinutes(10));
    }

    [Fact]
    public async Task A_browser_of_any_origin_may_ask()
    {
        using var client = app.Stranger();
        using var preflight = new HttpRequestMessage(HttpMethod.Options, "/auth/v1/token?grant_type=password")
        {
            Headers =
            {
                { "Origin", "https://dashboard.example" },
                { "Access-Control-Request-Method", "POST" },
                { "Access-Control-Request-Headers", "apikey,authorization,content-type,x-client-info,x-supabase-api-version" },
            },
        };

        var response = await client.SendAsync(preflight, Stop);

        response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        response.Headers.GetValues("Access-Control-Allow-Origin").ShouldBe(["*"]);
        response.Headers.Contains("Access-Control-Allow-Credentials").ShouldBeFalse();
        response.Headers.GetValues("Access-Control-Allow-Headers").Single().ShouldContain("x-supabase-api-version");
    }

    private static async Task<JsonElement> Refresh(HttpClient client, string token) =>
        await (await client.Token("refresh_token", new { refresh_token = token })).ShouldAnswer(HttpStatusCode.OK);

    private static async Task<string?> Code(HttpClient client, string token) =>
        (await (await client.Token("refresh_token", new { refresh_token = token })).ShouldAnswer(HttpStatusCode.BadRequest))
            .GetProperty("error_code").GetString();

    private static string SessionOf(JsonElement session) => new JsonWebToken(session.AccessToken()).GetPayloadValue<string>("session_id");
}
