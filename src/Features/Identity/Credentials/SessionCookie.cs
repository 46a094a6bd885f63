using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.Features.Identity.Credentials;

/// <summary>The session as @supabase/ssr keeps it in cookies: JSON in base64url behind a prefix, cut into chunks when long.</summary>
internal static class SessionCookie
{
    internal const int ChunkLength = 3180;
    private const string Prefix = "base64-";
    private const int MostChunks = 8;
    private static readonly SearchValues<char> Ignored = SearchValues.Create(" \t\r\n=");
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(400);

    /// <summary>What a stored session must hold to be one. Its user object is unauthenticated and stays unread.</summary>
    internal sealed record Tokens(string AccessToken, string RefreshToken);

    internal static bool IsPresent(IRequestCookieCollection cookies, string name) => cookies[name] is { Length: > 0 } || cookies[$"{name}.0"] is { Length: > 0 };

    internal static Tokens? Read(IRequestCookieCollection cookies, string name) => Decode(Joined(cookies, name));

    internal static IReadOnlyList<KeyValuePair<string, string>> Encode(string name, string sessionJson)
    {
        var value = Prefix + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(sessionJson));
        if (value.Length <= ChunkLength)
            return [new(name, value)];
        return [.. value.Chunk(ChunkLength).Select((chunk, index) => new KeyValuePair<string, string>($"{name}.{index}", new string(chunk)))];
    }

    internal static Tokens? Decode(string value)
    {
        // Percent-encoded JSON without the prefix is the library's "raw" mode.
        var json = value.StartsWith(Prefix, StringComparison.Ordinal) ? FromBase64Url(value.AsSpan(Prefix.Length)) : Encoding.UTF8.GetBytes(value);
        if (json is null or [])
            return null;
        try
        {
            using var document = JsonDocument.Parse(json);
            var session = document.RootElement;
            return session.ValueKind is JsonValueKind.Object
                && session.TryGetProperty("access_token", out var access) && access.ValueKind is JsonValueKind.String
                && session.TryGetProperty("refresh_token", out var refresh) && refresh.ValueKind is JsonValueKind.String
                && session.TryGetProperty("expires_at", out var expires) && expires.ValueKind is JsonValueKind.Number
                ? new Tokens(access.GetString()!, refresh.GetString()!)
                : null;
        }
        // The latter for text that is not UTF-8.
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Writes the session and clears every form of it that is no longer in use.</summary>
    internal static void Write(HttpContext context, string name, string sessionJson, bool secure)
    {
        var written = Encode(name, sessionJson);
        ClearExcept(context, name, written.Select(cookie => cookie.Key).ToHashSet(StringComparer.Ordinal), secure);
        foreach (var (key, value) in written)
            context.Response.Cookies.Append(key, value, Attributes(secure, Lifetime));
        ForbidCaching(context.Response);
    }

    internal static void Clear(HttpContext context, string name, bool secure)
    {
        ClearExcept(context, name, [], secure);
        ForbidCaching(context.Response);
    }

    private static void ClearExcept(HttpContext context, string name, HashSet<string> kept, bool secure)
    {
        var stale = context.Request.Cookies.Keys.Where(key => IsFormOf(name, key) && !kept.Contains(key));
        foreach (var key in stale)
            context.Response.Cookies.Append(key, "", Attributes(secure, TimeSpan.Zero));
    }

    private static bool IsFormOf(string name, string key) =>
        key == name
        || (key.StartsWith(name + ".", StringComparison.Ordinal)
            && key[(name.Length + 1)..] is { Length: 1 } digit && char.IsAsciiDigit(digit[0]));

    private static CookieOptions Attributes(bool secure, TimeSpan maxAge) => new()
    {
        Path = "/",
        MaxAge = maxAge,
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        Secure = secure,
    };

    // A shared cache that kept such an answer would sign its next reader in as somebody else.
    private static void ForbidCaching(HttpResponse response)
    {
        response.Headers.CacheControl = "private, no-cache, no-store, must-revalidate, max-age=0";
        response.Headers.Expires = "0";
        response.Headers.Pragma = "no-cache";
    }

    private static string Joined(IRequestCookieCollection cookies, string name)
    {
        if (cookies[name] is { Length: > 0 } whole)
            return whole;
        var joined = new StringBuilder();
        for (var i = 0; i < MostChunks && cookies[$"{name}.{i}"] is { Length: > 0 } chunk; i++)
            joined.Append(chunk);
        return joined.ToString();
    }

    private static byte[]? FromBase64Url(ReadOnlySpan<char> text)
    {
        try
        {
            return Base64Url.DecodeFromChars(text.ContainsAny(Ignored) ? WithoutIgnored(text) : text);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static char[] WithoutIgnored(ReadOnlySpan<char> text)
    {
        var digits = new char[text.Length];
        var length = 0;
        foreach (var character in text)
        {
            if (!Ignored.Contains(character))
                digits[length++] = character;
        }
        return digits[..length];
    }
}
