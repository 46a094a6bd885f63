using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Dapper;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed partial class RefusalTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/")]
    [InlineData("/api")]
    [InlineData("/api/nothing")]
    [InlineData("/api/call-logs/a/b/c")]
    public async Task An_unknown_route_is_404(string path)
    {
        using var client = app.Stranger();

        await (await client.GetAsync(path, Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task An_unknown_method_is_405()
    {
        using var client = app.Stranger();

        using var response = await client.DeleteAsync("/api/call-logs", Token);

        await response.ShouldBeProblem(HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        response.Content.Headers.Allow.ShouldContain("GET");
    }

    [Theory]
    [InlineData("/api/call-logs")]
    [InlineData("/api/call-logs?nonsense=1")]
    [InlineData("/api/call-logs/call_00000000000000000000000000")]
    [InlineData("/api/call-logs/nonsense/recording")]
    public async Task A_stranger_is_401_whatever_else_is_wrong(string path)
    {
        using var client = app.Stranger();

        await (await client.GetAsync(path, Token)).ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task A_credential_without_the_scope_is_403()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant, "write");

        await (await client.GetAsync("/api/call-logs", Token)).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    [Theory]
    [InlineData("/dapr/subscribe", "GET")]
    [InlineData("/internal/routing", "POST")]
    [InlineData("/events/calls/started", "POST")]
    [InlineData("/events/calls/other", "POST")]
    [InlineData("/events/calls-dead", "POST")]
    public async Task Routes_of_the_sidecar_answer_only_to_its_token(string path, string method)
    {
        using var client = app.Stranger();
        foreach (var token in new[] { null, "", "guessed", KestrelVoiceApp.SidecarToken + "x" })
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent("{}", Encoding.UTF8, "application/json") };
            if (token is not null)
                request.Headers.Add("dapr-api-token", token);

            await (await client.SendAsync(request, Token)).ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
        }
    }

    [Theory]
    [InlineData("{")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"phone_number":1}""")]
    [InlineData("""{"phone_number":null}""")]
    [InlineData("""{}""")]
    [InlineData("""{"phone_number":"\ud800"}""")]
    [InlineData("""{"phone_number":"\u0000"}""")]
    public async Task A_body_that_is_not_what_the_route_takes_is_400(string body)
    {
        var response = await app.PostAsSidecar("/internal/routing", body, "application/json");

        var problem = await response.ShouldBeProblem(HttpStatusCode.BadRequest, "invalid_parameter");
        problem.GetRawText().ShouldNotContain("KestrelVoice.Features");
    }

    [Fact]
    public async Task A_body_of_another_type_is_415() =>
        await (await app.PostAsSidecar("/internal/routing", "number=1", "application/x-www-form-urlencoded"))
            .ShouldBeProblem(HttpStatusCode.UnsupportedMediaType, "unsupported_media_type");

    [Fact]
    public async Task A_body_over_256_kB_is_413() =>
        await (await app.PostAsSidecar("/internal/routing", $$"""{"phone_number":"{{new string('1', 300_000)}}"}""", "application/json"))
            .ShouldBeProblem(HttpStatusCode.RequestEntityTooLarge, "payload_too_large");

    [Fact]
    public async Task A_query_over_4_kB_is_400()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);

        await (await client.GetAsync("/api/call-logs?cursor=" + new string('a', 5000), Token)).ShouldBeInvalid("query");
    }

    [Fact]
    public async Task What_nobody_expected_is_500_and_says_nothing_of_itself()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        await connection.ExecuteAsync("alter table services rename to hidden_services");
        try
        {
            var problem = await (await client.GetAsync("/api/services", Token)).ShouldBeProblem(HttpStatusCode.InternalServerError, "internal_error");

            problem.GetRawText().ShouldNotContain("relation");
            problem.GetRawText().ShouldNotContain("Npgsql");
        }
        finally
        {
            await connection.ExecuteAsync("alter table hidden_services rename to services");
        }
    }

    [Theory]
    [InlineData("client-chosen_0123")]
    [InlineData("12345678")]
    public async Task A_sane_request_id_is_kept(string id)
    {
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("X-Request-Id", id);

        using var response = await client.GetAsync("/api/call-logs", Token);

        response.Headers.GetValues("X-Request-Id").ShouldHaveSingleItem().ShouldBe(id);
    }

    [Theory]
    [InlineData("short")]
    [InlineData("has spaces in it")]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task Any_other_request_id_is_replaced(string id)
    {
        using var client = app.Stranger();
        client.DefaultRequestHeaders.TryAddWithoutValidation("X-Request-Id", id);

        using var response = await client.GetAsync("/health/live", Token);

        Generated().IsMatch(response.Headers.GetValues("X-Request-Id").ShouldHaveSingleItem()).ShouldBeTrue();
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/api/call-logs")]
    [InlineData("/nothing")]
    [InlineData("/openapi/v1.json")]
    public async Task Every_response_carries_the_security_headers(string path)
    {
        using var client = app.Stranger();

        using var response = await client.GetAsync(path, Token);

        Header("X-Content-Type-Options").ShouldBe("nosniff");
        Header("Content-Security-Policy").ShouldBe("default-src 'none'; frame-ancestors 'none'");
        Header("Referrer-Policy").ShouldBe("no-referrer");
        Header("Cross-Origin-Resource-Policy").ShouldBe("same-site");
        response.Headers.Contains("Server").ShouldBeFalse();
        response.Headers.Contains("X-Powered-By").ShouldBeFalse();

        string Header(string name) => response.Headers.GetValues(name).ShouldHaveSingleItem();
    }

    [GeneratedRegex(@"\Areq_[0-9a-z]{26}\z")]
    private static partial Regex Generated();
}
