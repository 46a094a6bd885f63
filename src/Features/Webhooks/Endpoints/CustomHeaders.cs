using System.Buffers;

namespace KestrelVoice.Features.Webhooks.Endpoints;

/// <summary>Headers that a customer wants on each delivery, commonly its own credentials.</summary>
internal static class CustomHeaders
{
    public const int Most = 16;
    public const int LongestName = 100;
    public const int LongestValue = 1000;

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    // Those that belong to the connection or to the body would let a customer change what is sent, not what comes along.
    private static readonly string[] Ours =
    [
        "accept-encoding", "connection", "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade", "user-agent",
    ];

    private static readonly string[] OurPrefixes = ["content-", "kestrel-", "svix-", "webhook-"];

    /// <summary>What is wrong with them; null when nothing is. A null value takes a header away, where that is allowed.</summary>
    public static string? Offence(IReadOnlyDictionary<string, string?> headers, bool mayRemove)
    {
        if (headers.Count > Most)
            return $"headers holds up to {Most}.";
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in headers)
        {
            if (name.Length is 0 or > LongestName || name.AsSpan().ContainsAnyExcept(TokenCharacters))
                return $"A header's name is 1 to {LongestName} letters, digits, or characters such as - and _.";
            if (!names.Add(name))
                return $"headers names {name} twice.";
            if (Ours.Contains(name, StringComparer.OrdinalIgnoreCase)
                || OurPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
                return $"The header {name} cannot be set.";
            if (value is null ? !mayRemove : !IsValue(value))
                return $"The value of {name} is up to {LongestValue} visible ASCII characters, with spaces only in between.";
        }
        return null;
    }

    /// <summary>Those that stay once the given ones are set and the null ones are gone.</summary>
    public static SortedDictionary<string, string> Set(
        IReadOnlyDictionary<string, string?>? given, IReadOnlyDictionary<string, string>? before = null)
    {
        var headers = new SortedDictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in before ?? new Dictionary<string, string>())
            headers[name] = value;
        foreach (var (name, value) in given ?? new Dictionary<string, string?>())
        {
            // The name as it was written last.
            headers.Remove(name);
            if (value is not null)
                headers[name] = value;
        }
        return headers;
    }

    private static bool IsValue(string value) =>
        value.Length <= LongestValue && value.Trim() == value && !value.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
