using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class OpenApiTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task Every_public_route_is_described_and_no_internal_one_is()
    {
        var described = Operations(await Document()).Select(operation => operation.Path).Distinct().Order();

        var mapped = app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Select(endpoint => "/" + endpoint.RoutePattern.RawText!.TrimStart('/'))
            .Where(path => path.StartsWith("/api/", StringComparison.Ordinal))
            .Distinct().Order().ToList();
        mapped.ShouldContain("/api/call-logs/{id}/recording");
        described.Where(path => path.StartsWith("/api/", StringComparison.Ordinal)).ShouldBe(mapped);
        described.ShouldNotContain(path => path.StartsWith("/events", StringComparison.Ordinal)
            || path.StartsWith("/internal", StringComparison.Ordinal) || path.StartsWith("/dapr", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Every_operation_of_the_api_says_how_to_sign_in_and_how_it_refuses()
    {
        var operations = Operations(await Document()).Where(operation => operation.Path.StartsWith("/api/", StringComparison.Ordinal)).ToList();

        operations.ShouldNotBeEmpty();
        foreach (var (path, _, operation) in operations)
        {
            operation.GetProperty("security").GetArrayLength().ShouldBeGreaterThanOrEqualTo(2, path);
            operation.GetProperty("operationId").GetString().ShouldNotBeNullOrEmpty(path);
            var responses = operation.GetProperty("responses");
            foreach (var status in path.Contains('{', StringComparison.Ordinal) ? new[] { "400", "401", "403", "404", "500", "503" } : ["400", "401", "403", "500", "503"])
                responses.GetProperty(status).GetProperty("content").GetProperty("application/problem+json").GetProperty("schema")
                    .GetProperty("$ref").GetString().ShouldBe("#/components/schemas/Problem", path);
        }
    }

    [Fact]
    public async Task Both_credentials_are_named()
    {
        var schemes = (await Document()).GetProperty("components").GetProperty("securitySchemes");

        schemes.GetProperty("apiKey").GetProperty("name").GetString().ShouldBe("X-API-Key");
        schemes.GetProperty("session").GetProperty("in").GetString().ShouldBe("cookie");
        schemes.GetProperty("sessionToken").GetProperty("scheme").GetString().ShouldBe("bearer");
    }

    [Fact]
    public async Task Schemas_are_of_one_slice_each_and_numbers_are_numbers()
    {
        var schemas = (await Document()).GetProperty("components").GetProperty("schemas");

        schemas.TryGetProperty("ListCallLogsResponse", out var list).ShouldBeTrue(schemas.GetRawText());
        schemas.TryGetProperty("GetCallLogResponse", out _).ShouldBeTrue();
        list.GetProperty("properties").EnumerateObject().Select(property => property.Name).ShouldBe(["data", "pagination"]);
        var item = schemas.GetProperty("CallLogItem").GetProperty("properties");
        item.GetProperty("duration").GetProperty("type").GetString().ShouldBe("integer");
        item.GetProperty("duration").TryGetProperty("pattern", out _).ShouldBeFalse();
        item.EnumerateObject().ShouldAllBe(property => property.Name.All(character => char.IsLower(character) || character == '_'));
        schemas.GetProperty("CallStatus").GetProperty("enum").EnumerateArray().Select(value => value.GetString())
            .ShouldBe(["completed", "in-progress", "missed"]);
    }

    [Fact]
    public async Task The_page_to_read_it_needs_nothing_from_elsewhere()
    {
        using var client = app.Stranger();

        using var page = await client.GetAsync("/docs/", TestContext.Current.CancellationToken);

        await page.ShouldBe(System.Net.HttpStatusCode.OK);
        var html = await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        html.ShouldContain("openapi/v1.json");
        html.ShouldNotContain("https://cdn.");
        page.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("script-src 'self'");
    }

    [Fact]
    public void Every_route_says_who_may_call_it()
    {
        app.StartServer();

        foreach (var endpoint in app.Services.GetRequiredService<EndpointDataSource>().Endpoints)
            (endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null
                || endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(data => data.Policy is not null)).ShouldBeTrue(endpoint.DisplayName);
    }

    private async Task<JsonElement> Document() => await app.Stranger().ReadAsync("/openapi/v1.json");

    private static IEnumerable<(string Path, string Method, JsonElement Operation)> Operations(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject()
        from method in path.Value.EnumerateObject()
        select (path.Name, method.Name, method.Value);
}
