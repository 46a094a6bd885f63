using System.Net;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class CorsTests : IClassFixture<KestrelVoiceApp>
{
    private readonly KestrelVoiceApp app;

    public CorsTests(KestrelVoiceApp app)
    {
        this.app = app;
        app.Settings["Cors:Origins:0"] = "https://app.example.test";
    }

    [Fact]
    public async Task A_listed_origin_may_ask_with_its_cookie()
    {
        using var response = await Preflight("https://app.example.test");

        response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        response.Headers.GetValues("Access-Control-Allow-Origin").ShouldHaveSingleItem().ShouldBe("https://app.example.test");
        response.Headers.GetValues("Access-Control-Allow-Credentials").ShouldHaveSingleItem().ShouldBe("true");
        response.Headers.GetValues("Access-Control-Max-Age").ShouldHaveSingleItem().ShouldBe("600");
        response.Headers.Vary.ShouldBe(["Cookie", "Authorization", "X-API-Key", "X-Tenant-Id", "Origin"]);
    }

    [Fact]
    public async Task It_may_send_an_idempotency_key_and_see_whether_it_was_used_before()
    {
        using var preflight = await Preflight("https://app.example.test");
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("Origin", "https://app.example.test");
        using var response = await client.PostAsync("/api/appointments", null, TestContext.Current.CancellationToken);

        preflight.Headers.GetValues("Access-Control-Allow-Headers").Single().Split(',').ShouldContain("idempotency-key");
        response.Headers.GetValues("Access-Control-Expose-Headers").Single().Split(',').ShouldContain("Idempotent-Replayed");
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("https://app.example.test.evil.example")]
    [InlineData("http://app.example.test")]
    [InlineData("null")]
    public async Task Any_other_origin_gets_nothing(string origin)
    {
        using var response = await Preflight(origin);

        response.Headers.Contains("Access-Control-Allow-Origin").ShouldBeFalse();
    }

    private async Task<HttpResponseMessage> Preflight(string origin)
    {
        using var client = app.Stranger();
        using var request = new HttpRequestMessage(HttpMethod.Options, "/api/call-logs")
        {
            Headers = { { "Origin", origin }, { "Access-Control-Request-Method", "GET" }, { "Access-Control-Request-Headers", "x-api-key" } },
        };
        return await client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
