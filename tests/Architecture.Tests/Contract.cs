using System.Text.Json;
using System.Text.RegularExpressions;

namespace KestrelVoice.Architecture.Tests;

/// <summary>docs/contract.md, which maps what is promised to the tests that hold it, and what it has to speak of.</summary>
internal static partial class Contract
{
    /// <param name="Subject">Of the row: what is promised. Code is without its quotes.</param>
    /// <param name="Tests">Each as <c>Class.Method</c>.</param>
    internal sealed record Row(string Section, string Subject, IReadOnlyList<string> Tests);

    public static readonly IReadOnlyList<Row> Rows = [.. ReadRows()];

    public static readonly JsonElement Description = JsonElement.Parse(Solution.Read("docs/openapi.json"));

    /// <summary>Every test that there is, as <c>Class.Method</c>.</summary>
    public static IReadOnlySet<string> Tests() => Solution.SourceFiles("tests").SelectMany(file => TestsIn(file.Text)).ToHashSet(StringComparer.Ordinal);

    /// <summary>What an operation takes, and how it may answer that not every operation may.</summary>
    public static IEnumerable<(string Operation, string Subject)> Operations() =>
        from path in Description.GetProperty("paths").EnumerateObject()
        from method in path.Value.EnumerateObject()
        let operation = method.Value
        from subject in Parameters(operation).Concat(Members(BodyOf(operation), "")).Concat(Answers(operation))
        select (operation.GetProperty("operationId").GetString()!, subject);

    public static IEnumerable<string> Events() => Description.GetProperty("webhooks").EnumerateObject().Select(webhook => webhook.Name);

    /// <summary>The codes in the table of refusals.</summary>
    public static IEnumerable<string> ErrorCodes() => RefusalRow().Matches(Solution.Read("docs/api.md"))
        .SelectMany(row => Code().Matches(row.Groups["codes"].Value)).Select(code => code.Groups[1].Value);

    /// <summary>Words as they are read: no marks of tables and code, no line breaks.</summary>
    public static string Plain(string markdown) => Space().Replace(Mark().Replace(Line().Replace(markdown, ""), "").Replace('|', ' '), " ").Trim();

    private static IEnumerable<Row> ReadRows()
    {
        var section = "";
        foreach (var line in Solution.Read("docs/contract.md").Split('\n'))
        {
            if (Heading().Match(line) is { Success: true } heading)
                section = heading.Groups[1].Value;
            else if (line.StartsWith('|') && !line.StartsWith("| |", StringComparison.Ordinal) && !line.StartsWith("|---", StringComparison.Ordinal))
                yield return RowOf(section, line.Trim().Trim('|'));
        }
    }

    // Tests are in the last column; what comes before may quote anything.
    private static Row RowOf(string section, string line)
    {
        var end = line.LastIndexOf('|');
        return new Row(
            section, line[..Math.Max(end, 0)].Trim().Trim('`'), [.. Code().Matches(line[(end + 1)..]).Select(code => code.Groups[1].Value)]);
    }

    private static IEnumerable<string> TestsIn(string source)
    {
        var classes = Class().Matches(source);
        return
            from test in Test().Matches(source)
            let owner = classes.LastOrDefault(found => found.Index < test.Index)
            where owner is not null
            select $"{owner.Groups[1].Value}.{test.Groups[1].Value}";
    }

    private static IEnumerable<string> Parameters(JsonElement operation) => operation.TryGetProperty("parameters", out var parameters)
        ? parameters.EnumerateArray().Select(parameter => parameter.GetProperty("name").GetString()!) : [];

    private static JsonElement? BodyOf(JsonElement operation) => operation.TryGetProperty("requestBody", out var body)
        ? body.GetProperty("content").EnumerateObject().First().Value.GetProperty("schema") : null;

    // Members of members as customer.name, of what is in a list likewise.
    private static IEnumerable<string> Members(JsonElement? schema, string prefix)
    {
        if (schema is not { } given)
            return [];
        var variants = Variants(given).ToList();
        var members =
            from variant in variants
            where variant.TryGetProperty("properties", out _)
            from member in variant.GetProperty("properties").EnumerateObject()
            from name in Members(member.Value, $"{prefix}{member.Name}.").Prepend(prefix + member.Name)
            select name;
        var items =
            from variant in variants
            where variant.TryGetProperty("items", out _)
            from name in Members(variant.GetProperty("items"), prefix)
            select name;
        return members.Concat(items);
    }

    private static IEnumerable<JsonElement> Variants(JsonElement schema)
    {
        if (schema.TryGetProperty("$ref", out var reference))
            schema = Description.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]);
        yield return schema;
        foreach (var kind in new[] { "oneOf", "anyOf", "allOf" })
            if (schema.TryGetProperty(kind, out var others))
                foreach (var variant in others.EnumerateArray().SelectMany(Variants))
                    yield return variant;
    }

    // How each operation may refuse is the matter of the section on refusals.
    private static IEnumerable<string> Answers(JsonElement operation) => operation.GetProperty("responses").EnumerateObject()
        .Select(response => response.Name).Where(status => status[0] is '2' or '3' || status is "402" or "409" or "412" or "416" or "428");

    [GeneratedRegex(@"^#+ \[?`?([^`\]]+)")]
    private static partial Regex Heading();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^\| [45][\d, ]+\|(?<codes>[^|]+)\|", RegexOptions.Multiline)]
    private static partial Regex RefusalRow();

    [GeneratedRegex(@"\bclass (\w+)")]
    private static partial Regex Class();

    [GeneratedRegex(@"\[(?:Fact|Theory)\b.*?public (?:static )?(?:async )?[\w<>]+ (\w+)\(", RegexOptions.Singleline)]
    private static partial Regex Test();

    [GeneratedRegex("[`*]")]
    private static partial Regex Mark();

    [GeneratedRegex(@"^\|[-|]+$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
