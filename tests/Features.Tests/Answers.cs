using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace KestrelVoice.Features.Tests;

/// <summary>Reads answers, and shows the body when it is not the expected one.</summary>
internal static class Answers
{
    public static async Task<JsonElement> ReadAsync(this HttpClient client, string path)
    {
        using var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
        await response.ShouldBe(HttpStatusCode.OK);
        return await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    public static async Task ShouldBe(this HttpResponseMessage response, HttpStatusCode status) =>
        response.StatusCode.ShouldBe(status, $"{response.ReasonPhrase} {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");

    /// <summary>The one body of every refusal, with the request id of the header.</summary>
    public static async Task<JsonElement> ShouldBeProblem(this HttpResponseMessage response, HttpStatusCode status, string error)
    {
        await response.ShouldBe(status);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        body.GetProperty("status").GetInt32().ShouldBe((int)status);
        body.GetProperty("error").GetString().ShouldBe(error);
        body.GetProperty("message").GetString().ShouldNotBeNullOrWhiteSpace();
        body.GetProperty("title").GetString().ShouldNotBeNullOrWhiteSpace();
        body.GetProperty("type").GetString().ShouldBe("https://kestrelvoice.dev/problems/" + error.Replace('_', '-'));
        body.GetProperty("request_id").GetString().ShouldBe(response.Headers.GetValues("X-Request-Id").Single());
        return body;
    }

    public static async Task ShouldBeInvalid(this HttpResponseMessage response, string parameter)
    {
        var body = await response.ShouldBeProblem(HttpStatusCode.BadRequest, "invalid_parameter");
        body.GetProperty("errors").EnumerateObject().Select(error => error.Name).ShouldContain(parameter, body.GetRawText());
    }

    public static IReadOnlyList<JsonElement> Data(this JsonElement list) => [.. list.GetProperty("data").EnumerateArray()];

    public static long Total(this JsonElement list) => list.GetProperty("pagination").GetProperty("total").GetInt64();

    public static string? NextCursor(this JsonElement list) => list.GetProperty("pagination").GetProperty("next_cursor").GetString();

    public static string Id(this JsonElement item) => item.GetProperty("id").GetString()!;
}
