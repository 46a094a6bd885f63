using System.Text.RegularExpressions;

namespace KestrelVoice.LocalDapr.Resources;

/// <summary>A topic that an app wants, and the routes its messages go to.</summary>
internal sealed record SubscriptionSpec(string PubSub, string Topic)
{
    public IReadOnlyList<RouteRule> Rules { get; init; } = [];
    public string? DefaultPath { get; init; }
    public string? DeadLetterTopic { get; init; }
    public bool RawPayload { get; init; }
    public bool Declared { get; init; }
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    public static string Rooted(string path) => path.StartsWith('/') ? path : "/" + path;
}

/// <summary>A route taken when an attribute of the envelope has one value; an absent rule matches everything.</summary>
internal sealed partial record RouteRule(string Match, string Attribute, string Value, string Path)
{
    /// <summary>Reads <c>event.type == "..."</c>. Guessing at the rest of CEL would misroute silently, so it is refused.</summary>
    public static RouteRule? TryParse(string match, string path)
    {
        if (string.IsNullOrWhiteSpace(match))
            return new RouteRule("", "", "", SubscriptionSpec.Rooted(path));
        var equality = Equality().Match(match);
        return equality.Success
            ? new RouteRule(match, equality.Groups[1].Value, equality.Groups[2].Value + equality.Groups[3].Value, SubscriptionSpec.Rooted(path))
            : null;
    }

    [GeneratedRegex("""^\s*event\.(\w+)\s*==\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*$""")]
    private static partial Regex Equality();
}
