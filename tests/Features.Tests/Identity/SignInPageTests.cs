using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Identity.SignInPage;

namespace KestrelVoice.Features.Tests.Identity;

public sealed partial class SignInPageTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string OwnOrigin = "https://api.example.test";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_form_is_a_plain_page_under_a_strict_policy()
    {
        using var client = app.Stranger();

        var response = await client.GetAsync("/login?return_to=/docs", Stop);

        var page = await Html(response, HttpStatusCode.OK);
        var style = Style().Match(page).Groups[1].Value;
        var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)));
        response.Headers.GetValues("Content-Security-Policy").Single().ShouldBe(
            $"default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        page.ShouldContain("<html lang=\"en\">");
        page.ShouldContain("<label for=\"email\">");
        page.ShouldContain("<label for=\"password\">");
        page.ShouldContain("autocomplete=\"current-password\"");
        page.ShouldContain("name=\"return_to\" value=\"/docs\"");
        page.ShouldNotContain("<script");
        page.ShouldNotContain(" style=");
    }

    [Fact]
    public async Task Signing_in_leaves_the_cookie_and_leads_back()
    {
        var member = await app.GivenAMember((await app.GivenATenant(name: "Pipes & Sons"), "owner"));
        using var client = app.Stranger();

        var response = await Post(client, "/login", new() { ["email"] = member.Email, ["password"] = member.Password, ["return_to"] = "/api/me" });

        response.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        response.Headers.Location!.ToString().ShouldBe("/api/me");
        response.Headers.GetValues("Cache-Control").Single().ShouldContain("no-store");
        var cookies = Cookies.SetBy(response);
        cookies.ShouldAllBe(cookie => cookie.Name.StartsWith(Member.CookieName));
        cookies.ShouldAllBe(cookie => cookie.Attributes.Order().SequenceEqual(
            new[] { "httponly", "max-age=34560000", "path=/", "samesite=lax", "secure" }));
        client.DefaultRequestHeaders.Add("Cookie", cookies.Header());
        (await client.GetAsync("/api/me", Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
        var page = await Html(await client.GetAsync("/login", Stop), HttpStatusCode.OK);
        page.ShouldContain(member.Email);
        page.ShouldContain("Pipes &amp; Sons");
        page.ShouldContain("action=\"/logout\"");
    }

    [Fact]
    public async Task Stale_forms_of_the_cookie_are_cleared()
    {
        var member = await app.GivenAMember((await app.GivenATenant(), "owner"));
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add(
            "Cookie", string.Join("; ", new[] { "", ".0", ".1", ".7" }.Select(form => $"{Member.CookieName}{form}=stale")));

        var response = await Post(client, "/login", new() { ["email"] = member.Email, ["password"] = member.Password });

        response.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var cookies = Cookies.SetBy(response);
        cookies.Where(cookie => cookie.Value.Length == 0).ShouldAllBe(cookie => cookie.Attributes.Contains("max-age=0"));
        cookies.Select(cookie => cookie.Name[Member.CookieName.Length..]).ShouldBe(["", ".0", ".1", ".7"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_wrong_password_is_explained_without_saying_what_was_wrong()
    {
        var member = await app.GivenAMember();
        using var client = app.Stranger();

        var wrong = await Html(
            await Post(client, "/login", new() { ["email"] = member.Email, ["password"] = "<b>wrong" }), HttpStatusCode.Unauthorized);
        var unknown = await Html(
            await Post(client, "/login", new() { ["email"] = "nobody@maplestreet.example", ["password"] = "<b>wrong" }), HttpStatusCode.Unauthorized);

        wrong.ShouldContain("<title>Error: Sign in");
        wrong.ShouldContain("role=\"alert\"");
        wrong.ShouldContain("aria-invalid=\"true\"");
        wrong.ShouldNotContain("&lt;b&gt;wrong");
        unknown.Replace("nobody@maplestreet.example", member.Email, StringComparison.Ordinal).ShouldBe(wrong);
    }

    [Fact]
    public async Task What_was_typed_comes_back_as_text()
    {
        using var client = app.Stranger();

        var page = await Html(
            await Post(client, "/login", new() { ["email"] = "\"><script>alert(1)</script>", ["password"] = "" }), HttpStatusCode.BadRequest);

        page.ShouldNotContain("<script");
        page.ShouldContain("Enter your password.");
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example/")]
    [InlineData("evil")]
    [InlineData("/\t/evil.example")]
    [InlineData("/a\r\nSet-Cookie: x=y")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/\u00e9")]
    public async Task Nobody_is_led_to_another_site(string returnTo)
    {
        ReturnTo.IsLocal(returnTo).ShouldBeFalse();
        var member = await app.GivenAMember((await app.GivenATenant(), "owner"));
        using var client = app.Stranger();

        var response = await Post(client, "/login", new() { ["email"] = member.Email, ["password"] = member.Password, ["return_to"] = returnTo });

        response.Headers.Location!.ToString().ShouldBe("/login");
    }

    [Fact]
    public async Task Signing_out_ends_the_session_and_clears_the_cookie()
    {
        var member = await app.GivenAMember((await app.GivenATenant(), "owner"));
        var session = await app.SignIn(member);
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("Cookie", string.Join("; ", SessionCookie.Encode(Member.CookieName, session.GetRawText())
            .Select(cookie => $"{cookie.Key}={cookie.Value}")));

        var response = await Post(client, "/logout", []);

        response.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        Cookies.SetBy(response).ShouldAllBe(cookie => cookie.Value.Length == 0 && cookie.Attributes.Contains("max-age=0"));
        using var bearer = app.Bearing(session.AccessToken());
        (await bearer.GetAsync("/auth/v1/user", Stop)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("/login")]
    [InlineData("/logout")]
    public async Task Another_site_cannot_post_these_forms(string path)
    {
        var member = await app.GivenAMember();
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("Sec-Fetch-Site", "cross-site");
        client.DefaultRequestHeaders.Add("Origin", "https://evil.example");

        var response = await Post(client, path, new() { ["email"] = member.Email, ["password"] = member.Password }, origin: null);

        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        Cookies.SetBy(response).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_member_of_no_tenant_is_told_so_and_can_sign_out()
    {
        var session = await app.SignIn(await app.GivenAMember());
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("Cookie", string.Join("; ", SessionCookie.Encode(Member.CookieName, session.GetRawText())
            .Select(cookie => $"{cookie.Key}={cookie.Value}")));

        var page = await Html(await client.GetAsync("/login", Stop), HttpStatusCode.OK);

        page.ShouldContain("Ask an owner");
        page.ShouldContain("action=\"/logout\"");
    }

    [Fact]
    public async Task A_body_that_is_no_form_is_refused()
    {
        using var client = app.Stranger();
        using var content = new StringContent("{}", Encoding.UTF8, "application/json");

        await Html(await client.PostAsync("/login", content, Stop), HttpStatusCode.BadRequest);
    }

    private static async Task<HttpResponseMessage> Post(
        HttpClient client, string path, Dictionary<string, string> fields, string? origin = OwnOrigin)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields) };
        if (origin is not null)
            request.Headers.Add("Origin", origin);
        return await client.SendAsync(request, Stop);
    }

    private static async Task<string> Html(HttpResponseMessage response, HttpStatusCode status)
    {
        var page = await response.Content.ReadAsStringAsync(Stop);
        response.StatusCode.ShouldBe(status, page);
        response.Content.Headers.ContentType!.ToString().ShouldBe("text/html; charset=utf-8");
        return page;
    }

    [GeneratedRegex("<style>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex Style();
}
