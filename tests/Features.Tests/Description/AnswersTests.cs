using System.Text.Json;
using System.Text.RegularExpressions;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Routes;

namespace KestrelVoice.Features.Tests.Description;

/// <summary>What holds for every answer alike.</summary>
public sealed partial class AnswersTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    /// <summary>By the answers that the description shows, which were given by the host.</summary>
    [Fact]
    public async Task Members_are_snake_case_times_are_UTC_and_nothing_is_left_out()
    {
        using var client = app.Stranger();
        var document = await client.ReadAsync("/openapi/v1.json");
        var answers = (
            from path in document.GetProperty("paths").EnumerateObject()
            from method in path.Value.EnumerateObject()
            from response in method.Value.GetProperty("responses").EnumerateObject()
            where response.Name[0] == '2' && response.Value.TryGetProperty("content", out _)
            from content in response.Value.GetProperty("content").EnumerateObject()
            where content.Value.TryGetProperty("example", out _)
            select (Route: $"{method.Name} {path.Name}", Type: content.Name, content.Value)).ToList();

        answers.Count.ShouldBeGreaterThan(30);
        answers.Select(answer => answer.Type).Distinct().ShouldBe(["application/json"]);
        answers.SelectMany(answer => Offences(document, answer.Value.GetProperty("schema"), answer.Value.GetProperty("example"), answer.Route)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_answer_carries_its_request_id()
    {
        using var client = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));

        foreach (var route in RouteTable.Under(app, "/").Where(route => route is { Method: "GET" }))
        {
            using var response = await client.GetAsync(route.Fill(_ => Guid.Empty.ToString()), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            response.Headers.TryGetValues("X-Request-Id", out var ids).ShouldBeTrue(route.ToString());
            ids!.ShouldHaveSingleItem().ShouldStartWith("req_");
        }
    }

    private static IEnumerable<string> Offences(JsonElement document, JsonElement schema, JsonElement value, string place)
    {
        var variants = Variants(document, schema).ToList();
        return value.ValueKind switch
        {
            JsonValueKind.Object => variants
                .Where(variant => variant.TryGetProperty("properties", out _))
                .SelectMany(variant => variant.GetProperty("properties").EnumerateObject())
                .SelectMany(member => OffencesOf(document, member, value, place)),
            JsonValueKind.Array when variants.FirstOrDefault(variant => variant.TryGetProperty("items", out _)) is { ValueKind: JsonValueKind.Object } list =>
                value.EnumerateArray().SelectMany(item => Offences(document, list.GetProperty("items"), item, place + "[]")),
            JsonValueKind.String when variants.Any(IsTime) && !Utc().IsMatch(value.GetString()!) => [$"{place} is {value}"],
            _ => [],
        };
    }

    private static IEnumerable<string> OffencesOf(JsonElement document, JsonProperty member, JsonElement owner, string place)
    {
        if (!SnakeCase().IsMatch(member.Name))
            return [$"{place} has a member {member.Name}"];
        return owner.TryGetProperty(member.Name, out var value)
            ? Offences(document, member.Value, value, $"{place} {member.Name}") : [$"{place} has no {member.Name}"];
    }

    private static IEnumerable<JsonElement> Variants(JsonElement document, JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out var reference))
            schema = document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]);
        string[] kinds = ["oneOf", "anyOf", "allOf"];
        return kinds.Where(kind => schema.TryGetProperty(kind, out _))
            .SelectMany(kind => schema.GetProperty(kind).EnumerateArray()).SelectMany(variant => Variants(document, variant)).Prepend(schema);
    }

    private static bool IsTime(JsonElement schema) => schema.TryGetProperty("format", out var format) && format.GetString() == "date-time";

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$")]
    private static partial Regex Utc();

    [GeneratedRegex("^[a-z][a-z0-9_]*$")]
    private static partial Regex SnakeCase();
}
