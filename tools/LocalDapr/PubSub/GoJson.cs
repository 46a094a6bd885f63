using System.Globalization;
using System.Text;
using System.Text.Json;

namespace KestrelVoice.LocalDapr.PubSub;

/// <summary>
/// JSON written the way daprd's encoder writes it, so that subscribers receive the same bytes: members sorted,
/// numbers as they came, and <c>&lt;</c>, <c>&gt;</c>, <c>&amp;</c> escaped.
/// </summary>
internal static class GoJson
{
    public static byte[] Write(IReadOnlyDictionary<string, object?> members)
    {
        var text = new StringBuilder();
        Append(text, members);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Append(StringBuilder text, object? value)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case string words:
                Append(text, words);
                break;
            case JsonElement element:
                Append(text, element);
                break;
            case IReadOnlyDictionary<string, object?> members:
                Append(text, members.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => (member.Key, member.Value)));
                break;
            default:
                text.Append(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    private static void Append(StringBuilder text, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var members = new SortedDictionary<string, object?>(StringComparer.Ordinal);
                foreach (var member in element.EnumerateObject())
                    members[member.Name] = member.Value;
                Append(text, members.Select(member => (member.Key, member.Value)));
                break;
            case JsonValueKind.Array:
                var separator = '[';
                foreach (var item in element.EnumerateArray())
                {
                    text.Append(separator);
                    Append(text, item);
                    separator = ',';
                }
                text.Append(separator == '[' ? "[]" : "]");
                break;
            case JsonValueKind.String:
                Append(text, element.GetString()!);
                break;
            default:
                text.Append(element.GetRawText());
                break;
        }
    }

    private static void Append(StringBuilder text, IEnumerable<(string Name, object? Value)> members)
    {
        var separator = '{';
        foreach (var (name, value) in members)
        {
            text.Append(separator);
            Append(text, name);
            text.Append(':');
            Append(text, value);
            separator = ',';
        }
        text.Append(separator == '{' ? "{}" : "}");
    }

    private static void Append(StringBuilder text, string words)
    {
        text.Append('"');
        foreach (var letter in words)
        {
            _ = letter switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append(@"\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029' => text.Append(CultureInfo.InvariantCulture, $"\\u{(int)letter:x4}"),
                _ => text.Append(letter),
            };
        }
        text.Append('"');
    }
}
