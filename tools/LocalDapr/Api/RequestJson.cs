using System.Text.Json;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>Reading JSON the way Go does: member names without regard to case, null as absent.</summary>
internal static class RequestJson
{
    public static JsonElement Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.Clone();
        }
        catch (JsonException exception)
        {
            throw ApiException.Malformed("failed deserializing HTTP body: " + exception.Message);
        }
    }

    public static IEnumerable<JsonElement> Items(this JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray(),
        JsonValueKind.Null => [],
        _ => throw ApiException.Malformed("failed deserializing HTTP body: a list is expected"),
    };

    extension(JsonElement element)
    {
        public JsonElement? Member(string name)
        {
            if (element.ValueKind != JsonValueKind.Object)
                throw ApiException.Malformed("failed deserializing HTTP body: an object is expected");
            if (element.TryGetProperty(name, out var exact))
                return exact.ValueKind == JsonValueKind.Null ? null : exact;
            foreach (var member in element.EnumerateObject())
            {
                if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                    return member.Value.ValueKind == JsonValueKind.Null ? null : member.Value;
            }
            return null;
        }

        public string? TextOf(string name) => element.Member(name) switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } text => Text(text),
            _ => throw ApiException.Malformed($"failed deserializing HTTP body: '{name}' must be a string"),
        };

        public Dictionary<string, string> TextMap(string name)
        {
            var map = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            if (element.Member(name) is not { } given)
                return map;
            if (given.ValueKind != JsonValueKind.Object)
                throw ApiException.Malformed($"failed deserializing HTTP body: '{name}' must be an object");
            foreach (var member in given.EnumerateObject())
            {
                map[member.Name] = member.Value.ValueKind switch
                {
                    JsonValueKind.String => Text(member.Value),
                    JsonValueKind.Object or JsonValueKind.Array =>
                        throw ApiException.Malformed($"failed deserializing HTTP body: '{name}.{member.Name}' must be a string"),
                    _ => member.Value.GetRawText(),
                };
            }
            return map;
        }
    }

    private static string Text(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Malformed("failed deserializing HTTP body: a text is not valid Unicode");
        }
    }
}
