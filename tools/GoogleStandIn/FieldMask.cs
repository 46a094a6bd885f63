using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.GoogleStandIn;

/// <summary>Partial answers: <c>fields=nextPageToken,items(id,start)</c>.</summary>
internal static class FieldMask
{
    public static JsonObject Apply(JsonObject whole, string fields)
    {
        var at = 0;
        var part = Read(whole, fields, ref at);
        return at == fields.Length ? (JsonObject)part : throw Invalid();
    }

    private static JsonNode Read(JsonNode whole, string fields, ref int at)
    {
        var wanted = new List<(string Name, int Inner)>();
        while (true)
        {
            var start = at;
            while (at < fields.Length && char.IsAsciiLetterOrDigit(fields[at]))
                at++;
            if (at == start)
                throw Invalid();
            var name = fields[start..at];
            if (at < fields.Length && fields[at] == '(')
            {
                wanted.Add((name, ++at));
                Read(new JsonObject(), fields, ref at);
                if (at >= fields.Length || fields[at++] != ')')
                    throw Invalid();
            }
            else
            {
                wanted.Add((name, -1));
            }
            if (at >= fields.Length || fields[at] != ',')
                break;
            at++;
        }
        return Pick(whole, wanted, fields);
    }

    private static JsonNode Pick(JsonNode whole, List<(string Name, int Inner)> wanted, string fields)
    {
        if (whole is JsonArray list)
            return new JsonArray([.. list.Select(item => Pick(item!, wanted, fields))]);
        var part = new JsonObject();
        foreach (var (name, inner) in wanted)
        {
            if (whole[name] is not { } value)
                continue;
            var from = inner;
            part[name] = inner < 0 ? value.DeepClone() : Read(value, fields, ref from);
        }
        return part;
    }

    private static RefusalException Invalid() => new(StatusCodes.Status400BadRequest, "invalidParameter", "Invalid field selection");
}
