using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dapper;

namespace KestrelVoice.Features.Tests.Identity;

/// <summary>The host with somebody else's identity: nothing but settings differs.</summary>
public sealed class SupabaseProjectTests(TestCluster cluster) : IAsyncLifetime
{
    private const string Secret = "a shared secret of a legacy project, long enough";

    private SupabaseProject project = null!;
    private KestrelVoiceApp app = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string CookieName => $"sb-{new Uri(project.Url).Host.Split('.')[0]}-auth-token";

    public async ValueTask InitializeAsync()
    {
        project = await SupabaseProject.StartAsync();
        app = new KestrelVoiceApp(cluster);
        app.Settings["Auth:Supabase:Url"] = project.Url;
        app.Settings["Auth:Supabase:PublishableKey"] = SupabaseProject.Key;
        await app.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        await project.DisposeAsync();
    }

    [Fact]
    public async Task Its_tokens_open_the_api_by_its_published_keys()
    {
        await GivenItsUserIsAMember();
        using var client = app.Bearing(project.AccessToken());

        var me = await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);

        me.GetProperty("id").GetString().ShouldBe(project.UserId.ToString());
        me.GetProperty("email").GetString().ShouldBe("someone@project.example");
    }

    [Fact]
    public async Task Somebody_who_is_no_member_here_gets_nowhere()
    {
        using var client = app.Bearing(project.AccessToken());

        await (await client.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task Somebody_of_the_project_is_let_in_by_their_id_there()
    {
        await GivenItsUserIsAMember();
        using var owner = app.Bearing(project.AccessToken());
        var id = Guid.CreateVersion7(app.Clock.GetUtcNow());

        var unnamed = await owner.PostAsJsonAsync("/api/members", new { email = "kim@project.example", role = "viewer" }, Stop);
        var added = await owner.PostAsJsonAsync("/api/members", new { email = "kim@project.example", role = "viewer", user_id = id }, Stop);

        await unnamed.ShouldBeInvalid("user_id");
        var member = await added.ShouldAnswer(HttpStatusCode.Created);
        member.GetProperty("id").GetString().ShouldBe(id.ToString());
        member.GetProperty("password").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);
    }

    [Theory]
    [InlineData("POST", "/token?grant_type=password")]
    [InlineData("GET", "/user")]
    [InlineData("POST", "/signup")]
    [InlineData("GET", "/settings")]
    [InlineData("GET", "/.well-known/jwks.json")]
    public async Task The_embedded_identity_is_not_there(string method, string path)
    {
        using var client = app.Stranger();
        using var request = new HttpRequestMessage(new HttpMethod(method), "/auth/v1" + path);

        await (await client.SendAsync(request, Stop)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task A_legacy_project_is_verified_by_its_secret()
    {
        app.Settings["Auth:Supabase:JwtSecret"] = Secret;
        await GivenItsUserIsAMember();
        using var legacy = app.Bearing(SignHmac(project.Claims()));
        using var byKey = app.Bearing(project.AccessToken());

        await (await legacy.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);
        await (await byKey.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task A_project_that_moves_to_keys_is_verified_by_both()
    {
        app.Settings["Auth:Supabase:JwtSecret"] = Secret;
        app.Settings["Auth:Supabase:JwksUrl"] = project.Url + "/auth/v1/.well-known/jwks.json";
        await GivenItsUserIsAMember();
        foreach (var token in new[] { SignHmac(project.Claims()), project.AccessToken() })
        {
            using var client = app.Bearing(token);
            await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task The_sign_in_page_asks_the_project_and_sets_its_cookie()
    {
        await GivenItsUserIsAMember();
        using var client = app.Stranger();

        var response = await SignIn(client, SupabaseProject.Password);

        response.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var cookies = Cookies.SetBy(response);
        cookies.ShouldAllBe(cookie => cookie.Name.StartsWith(CookieName));
        client.DefaultRequestHeaders.Add("Cookie", cookies.Header());
        await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);

        client.DefaultRequestHeaders.Add("Sec-Fetch-Site", "same-origin");
        (await client.PostAsync("/logout", null, Stop)).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        project.SignedOut.ShouldHaveSingleItem().ShouldStartWith("Bearer ey");
    }

    [Theory]
    [InlineData(200, "wrong", HttpStatusCode.Unauthorized)]
    [InlineData(429, SupabaseProject.Password, HttpStatusCode.TooManyRequests)]
    [InlineData(500, SupabaseProject.Password, HttpStatusCode.ServiceUnavailable)]
    [InlineData(404, SupabaseProject.Password, HttpStatusCode.ServiceUnavailable)]
    public async Task What_the_project_refuses_the_page_explains(int answer, string password, HttpStatusCode status)
    {
        project.Status = answer;
        using var client = app.Stranger();

        var response = await SignIn(client, password);

        response.StatusCode.ShouldBe(status);
        (await response.Content.ReadAsStringAsync(Stop)).ShouldContain("role=\"alert\"");
        Cookies.SetBy(response).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_project_that_is_away_is_no_error_of_ours()
    {
        using var client = app.Stranger();
        await project.DisposeAsync();

        (await SignIn(client, SupabaseProject.Password)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        using var bearer = app.Bearing("eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.e30.AAAA");
        await (await bearer.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    private async Task GivenItsUserIsAMember()
    {
        var tenant = await app.GivenATenant();
        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        await connection.ExecuteAsync(
            "insert into members (tenant_id, user_id, role, created_at) values (@Id, @UserId, 'owner', @Now)",
            new { tenant.Id, project.UserId, Now = app.Clock.GetUtcNow().UtcDateTime });
    }

    private static async Task<HttpResponseMessage> SignIn(HttpClient client, string password)
    {
        using var form = new FormUrlEncodedContent([new("email", "someone@project.example"), new("password", password)]);
        return await client.PostAsync("/login", form, Stop);
    }

    private static string SignHmac(JsonObject claims)
    {
        var content = Encode("""{"alg":"HS256","typ":"JWT"}""") + "." + Encode(claims.ToJsonString());
        return content + "." + Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.ASCII.GetBytes(content)));
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
