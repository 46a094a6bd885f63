using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Identity;

/// <summary>The host at the hour that it is: other people's clients look at the real clock.</summary>
public sealed class AppAtThisHour : KestrelVoiceApp
{
    public AppAtThisHour(TestCluster cluster) : base(cluster) => Settings["Auth:PublicUrl"] = "http://localhost:5080";

    public string Url => $"http://localhost:{Stranger().BaseAddress!.Port}";

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        base.ConfigureWebHost(builder);
        builder.ConfigureTestServices(services => services.AddSingleton(TimeProvider.System));
    }
}

public sealed class SupabaseClientTests(AppAtThisHour app) : IClassFixture<AppAtThisHour>
{
    private const string CookieName = "sb-localhost-auth-token";
    private const string Key = "sb_publishable_test";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_stock_client_signs_in_refreshes_updates_and_signs_out()
    {
        var member = await app.GivenAMember((await app.GivenATenant(), "owner"));

        var report = await SupabaseOracle.PlayAsync(
            new { scenario = "member", url = app.Url, key = Key, member.Email, member.Password, newPassword = "another good one" }, Stop);

        Code(report, "wrongPassword").ShouldBe((400, "invalid_credentials"));
        Code(report, "nobody").ShouldBe((400, "invalid_credentials"));
        Code(report, "signUp").ShouldBe((422, "signup_disabled"));
        foreach (var step in new[] { "signIn", "refresh", "changed", "otherSignIn", "signedOut", "otherStillIn", "everywhere" })
            report.GetProperty(step).ValueKind.ShouldBe(JsonValueKind.Null, step + report.GetProperty(step).GetRawText());
        report.GetProperty("rotated").GetBoolean().ShouldBeTrue();
        report.GetProperty("user").GetProperty("email").GetString().ShouldBe(member.Email);
        report.GetProperty("claims").GetProperty("sub").GetString().ShouldBe(member.Id.ToString());
        report.GetProperty("algorithm").GetString().ShouldBe("ES256");
        report.GetProperty("claimsRequests").GetRawText().ShouldBe("""["GET /auth/v1/.well-known/jwks.json 200"]""");
        report.GetProperty("updated").GetProperty("nickname").GetString().ShouldBe("Zoë");
        report.GetProperty("merged").EnumerateObject().Select(member => member.Name).ShouldBe(["nickname"]);
        Code(report, "weak").ShouldBe((422, "weak_password"));
        report.GetProperty("weak").GetProperty("reasons").GetRawText().ShouldBe("""["length"]""");
        Code(report, "same").ShouldBe((422, "same_password"));
        Code(report, "oldPassword").ShouldBe((400, "invalid_credentials"));
        report.GetProperty("afterSignOut").GetProperty("name").GetString().ShouldBe("AuthSessionMissingError");
        Code(report, "reuse").ShouldBe((400, "refresh_token_not_found"));
    }

    [Fact]
    public async Task Cookies_that_the_library_writes_open_our_api()
    {
        var tenant = await app.GivenATenant();
        var member = await app.GivenAMember((tenant, "member"));

        var report = await SupabaseOracle.PlayAsync(
            new { scenario = "writeCookies", url = app.Url, key = Key, member.Email, member.Password }, Stop);

        var cookies = report.GetProperty("written").EnumerateArray()
            .Where(cookie => cookie.GetProperty("value").GetString() is { Length: > 0 })
            .Select(cookie => $"{cookie.GetProperty("name").GetString()}={cookie.GetProperty("value").GetString()}");
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("Cookie", string.Join("; ", cookies));
        var me = await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);
        me.GetProperty("email").GetString().ShouldBe(member.Email);
    }

    [Fact]
    public async Task The_library_reads_and_refreshes_the_cookies_of_our_sign_in_page()
    {
        var member = await app.GivenAMember((await app.GivenATenant(), "member"));
        using var browser = app.Stranger();
        using var form = new FormUrlEncodedContent([new("email", member.Email), new("password", member.Password)]);
        var signedIn = await browser.PostAsync("/login", form, Stop);
        signedIn.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var cookies = Cookies.SetBy(signedIn).ToDictionary(cookie => cookie.Name, cookie => cookie.Value);

        var report = await SupabaseOracle.PlayAsync(new { scenario = "readCookies", url = app.Url, key = Key, cookies }, Stop);

        report.GetProperty("error").ValueKind.ShouldBe(JsonValueKind.Null, report.GetRawText());
        report.GetProperty("user").GetString().ShouldBe(member.Email);
        report.GetProperty("claims").GetString().ShouldBe(member.Email);
        report.GetProperty("untouched").GetBoolean().ShouldBeTrue("the cookies were rewritten, so they were not as the library writes them");
        report.GetProperty("refresh").ValueKind.ShouldBe(JsonValueKind.Null, report.GetRawText());
        var renewed = report.GetProperty("cookies").EnumerateObject().ToDictionary(cookie => cookie.Name, cookie => cookie.Value.GetString()!);
        renewed.Keys.ShouldBe(cookies.Keys, ignoreOrder: true);
        renewed.Values.ShouldNotBe(cookies.Values);
        renewed.Keys.ShouldAllBe(name => name.StartsWith(CookieName));
    }

    private static (int Status, string? Code) Code(JsonElement report, string step)
    {
        var error = report.GetProperty(step);
        error.ValueKind.ShouldBe(JsonValueKind.Object, step);
        return (error.GetProperty("status").GetInt32(), error.GetProperty("code").GetString());
    }
}
