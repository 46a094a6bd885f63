namespace KestrelVoice.Features.Tests.Identity;

/// <summary>What a response does to the browser's cookies.</summary>
internal static class Cookies
{
    internal sealed record Written(string Name, string Value, IReadOnlyList<string> Attributes);

    internal static IReadOnlyList<Written> SetBy(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Set-Cookie", out var headers))
            return [];
        return [.. headers.Select(header => header.Split("; ")).Select(parts =>
        {
            var equals = parts[0].IndexOf('=', StringComparison.Ordinal);
            return new Written(parts[0][..equals], parts[0][(equals + 1)..], parts[1..]);
        })];
    }

    /// <summary>The Cookie header of a browser that got only this response.</summary>
    internal static string Header(this IEnumerable<Written> cookies) =>
        string.Join("; ", cookies.Where(cookie => cookie.Value.Length > 0).Select(cookie => $"{cookie.Name}={cookie.Value}"));
}
