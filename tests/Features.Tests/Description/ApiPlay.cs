using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using KestrelVoice.Features.Tests.Calendars;

namespace KestrelVoice.Features.Tests.Description;

/// <summary>Asks the running host, and keeps what was asked and answered as the examples of its description.</summary>
internal sealed partial class ApiPlay(JsonElement description)
{
    /// <summary>In place of an operation: refusals that look the same everywhere.</summary>
    public const string Anywhere = "*";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // What differs from run to run and what nobody should take for a real secret, and what is shown in its place.
    private static readonly (Regex What, string Shown)[] Shown =
    [
        (WebhookSecret(), "whsec_dGhpcyBpcyBhbiBleGFtcGxlLCBub3QgYSBzZWNyZXQ="),
        (ApiKeyText(), "kv_live_0example0example0example0example"),
        (LocalCalendar(), "https://caldav.example.com/dana/"),
        (CalendarUser(), "\"dana\""),
        (CalendarPassword(), "an app password"),
        (GoogleSecret(), "an-example-of-43-characters-that-nobody-guess"),
        (LocalUrl(), "https://office.maplestreet.example/kestrelvoice"),
    ];

    private readonly Dictionary<string, Operation> operations = OperationsOf(description);
    private readonly SortedDictionary<string, Example> examples = new(StringComparer.Ordinal);

    /// <summary>Operations whose success has a body of JSON, and none of whose successes was played.</summary>
    public IEnumerable<string> Missing => operations
        .Where(operation => operation.Value.AnswersJson && !(examples.TryGetValue(operation.Key, out var played) && played.Responses.Keys.Any(status => status.StartsWith('2'))))
        .Select(operation => operation.Key);

    public string Json => JsonSerializer.Serialize(
        new JsonObject(examples.Select(example => KeyValuePair.Create<string, JsonNode?>(example.Key, example.Value.ToJson()))), Indented);

    /// <summary>The same without what differs from run to run.</summary>
    public static string Lasting(string json) => Volatile().Replace(json, "~");

    public async Task<JsonElement> Ask(string operationId, HttpStatusCode expected, HttpClient client, string? body = null, string contentType = "application/json", params (string Name, string Value)[] parameters)
    {
        var operation = operations[operationId];
        var path = operation.Path;
        var query = new List<string>();
        foreach (var (name, value) in parameters)
        {
            if (path.Contains($"{{{name}}}", StringComparison.Ordinal))
                path = path.Replace($"{{{name}}}", Uri.EscapeDataString(value), StringComparison.Ordinal);
            else
                query.Add($"{name}={Uri.EscapeDataString(value)}");
        }
        using var request = new HttpRequestMessage(operation.Method, query is [] ? path : $"{path}?{string.Join('&', query)}")
        {
            Content = body is null ? null : new StringContent(body, Encoding.UTF8, contentType),
        };
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        await response.ShouldBe(expected);
        operation.Statuses.ShouldContain($"{(int)expected}", $"{operationId} is not described to answer {(int)expected}");

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        var kept = Keep((int)expected >= 400 ? Anywhere : operationId, $"{(int)expected}", text);
        if ((int)expected < 400)
        {
            foreach (var (name, value) in parameters)
                kept.Parameters[name] = Show(value);
            if (body is not null)
                kept.Request ??= JsonNode.Parse(Show(body));
        }
        return text.Length > 0 ? JsonElement.Parse(text) : default;
    }

    private Example Keep(string operationId, string status, string answer)
    {
        if (!examples.TryGetValue(operationId, out var example))
            examples[operationId] = example = new Example();
        if (answer.Length > 0)
            example.Responses.TryAdd(status, JsonNode.Parse(Show(answer))!);
        return example;
    }

    private static string Show(string text) => Shown.Aggregate(text, (shown, rule) => rule.What.Replace(shown, rule.Shown));

    private static Dictionary<string, Operation> OperationsOf(JsonElement description) =>
    (
        from path in description.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        where operation.Value.ValueKind is JsonValueKind.Object && operation.Value.TryGetProperty("operationId", out _)
        let responses = operation.Value.GetProperty("responses")
        select (operation.Value.GetProperty("operationId").GetString()!, new Operation(
            new HttpMethod(operation.Name.ToUpperInvariant()), path.Name, [.. responses.EnumerateObject().Select(response => response.Name)],
            responses.EnumerateObject().Any(response => response.Name.StartsWith('2') && response.Value.TryGetProperty("content", out var content) && content.TryGetProperty("application/json", out _))))
    ).ToDictionary(operation => operation.Item1, operation => operation.Item2, StringComparer.Ordinal);

    [GeneratedRegex("whsec_[A-Za-z0-9+/=]+")]
    private static partial Regex WebhookSecret();

    [GeneratedRegex("kv_live_[A-Za-z0-9_]{16,}")]
    private static partial Regex ApiKeyText();

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/webhooks/\d+\?of=ours")]
    private static partial Regex LocalUrl();

    [GeneratedRegex(@"http://127\.0\.0\.1:\d+/user\d+/")]
    private static partial Regex LocalCalendar();

    [GeneratedRegex("\"user[0-9]+\"")]
    private static partial Regex CalendarUser();

    [GeneratedRegex("(?<=(state|code_challenge)=)[A-Za-z0-9_-]{43}")]
    private static partial Regex GoogleSecret();

    [GeneratedRegex(RadicaleServer.Password)]
    private static partial Regex CalendarPassword();

    // Moments, ids, how long something took, what stands for a place in a list, what is drawn by lot.
    [GeneratedRegex("""
        \d{4}-\d\d-\d\dT[\d:.]+Z|(?<=\b(ten|req|call|evt|appt|we|msg|hook|key|aud|svc|res|cal|conn|ers)_)[0-9a-hjkmnp-tv-z]{26}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<="member)\d+(?=@)|(?<="(duration_ms|resets_in)": )\d+|(?<="(next_cursor|prefix|last4|password)": ")[^"]+
        """)]
    private static partial Regex Volatile();

    private sealed record Operation(HttpMethod Method, string Path, IReadOnlyList<string> Statuses, bool AnswersJson);

    private sealed class Example
    {
        public SortedDictionary<string, string> Parameters { get; } = new(StringComparer.Ordinal);

        public JsonNode? Request { get; set; }

        public SortedDictionary<string, JsonNode> Responses { get; } = new(StringComparer.Ordinal);

        public JsonObject ToJson()
        {
            var json = new JsonObject();
            if (Parameters.Count > 0)
                json["parameters"] = new JsonObject(Parameters.Select(parameter => KeyValuePair.Create(parameter.Key, (JsonNode?)parameter.Value)));
            if (Request is not null)
                json["request"] = Request.DeepClone();
            json["responses"] = new JsonObject(Responses.Select(response => KeyValuePair.Create<string, JsonNode?>(response.Key, response.Value.DeepClone())));
            return json;
        }
    }
}
