using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.Voice.Twilio;

/// <summary>Checks <c>X-Twilio-Signature</c>. Shaped like <c>Twilio.Security.RequestValidator</c>.</summary>
internal sealed class RequestValidator
{
    private readonly byte[] _token;

    public RequestValidator(string token)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(token);
        _token = Encoding.UTF8.GetBytes(token);
    }

    /// <summary>A form post, or a request without a body when there are no parameters.</summary>
    public bool Validate(string url, IEnumerable<KeyValuePair<string, string>> parameters, string? signature)
    {
        if (string.IsNullOrEmpty(signature))
            return false;
        var signed = Concatenate(parameters);
        // No early exit: how long it takes must not tell which spelling of the URL came close.
        var valid = false;
        foreach (var spelling in SpellingsOf(url))
            valid |= Matches(spelling + signed, signature);
        return valid;
    }

    /// <summary>A body that is no form: its hash is part of the signed URL.</summary>
    public bool Validate(string url, ReadOnlySpan<byte> body, string? signature) =>
        BodyHashOf(url) is { } claimed
        && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(Convert.ToHexStringLower(SHA256.HashData(body))), Encoding.UTF8.GetBytes(claimed))
        && Validate(url, Array.Empty<KeyValuePair<string, string>>(), signature);

    /// <summary>The signature Twilio would send.</summary>
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "Twilio signs with HMAC-SHA1.")]
    public string Sign(string url, IEnumerable<KeyValuePair<string, string>> parameters) =>
        Convert.ToBase64String(HMACSHA1.HashData(_token, Encoding.UTF8.GetBytes(WithoutFragment(url) + Concatenate(parameters))));

    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "Twilio signs with HMAC-SHA1.")]
    private bool Matches(string signed, string signature)
    {
        var expected = Convert.ToBase64String(HMACSHA1.HashData(_token, Encoding.UTF8.GetBytes(signed)));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(expected), Encoding.UTF8.GetBytes(signature));
    }

    private static string Concatenate(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        var signed = new StringBuilder();
        var byName = parameters
            .GroupBy(parameter => parameter.Key, parameter => parameter.Value, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal);
        foreach (var values in byName)
            foreach (var value in values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
                signed.Append(values.Key).Append(value);
        return signed.ToString();
    }

    // Twilio is inconsistent about the port, and about nothing else.
    private static IEnumerable<string> SpellingsOf(string url)
    {
        url = WithoutFragment(url);
        yield return url;
        if (!TryFindAuthority(url, out var hostStart, out var hostEnd))
            yield break;

        var host = url[hostStart..hostEnd];
        var colon = host.LastIndexOf(':');
        if (colon > host.LastIndexOf(']'))
        {
            yield return url[..(hostStart + colon)] + url[hostEnd..];
            yield break;
        }
        var port = url.StartsWith("https:", StringComparison.OrdinalIgnoreCase) || url.StartsWith("wss:", StringComparison.OrdinalIgnoreCase) ? ":443" : ":80";
        yield return url[..hostEnd] + port + url[hostEnd..];
    }

    private static bool TryFindAuthority(string url, out int hostStart, out int hostEnd)
    {
        (hostStart, hostEnd) = (0, 0);
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0)
            return false;
        hostStart = scheme + 3;
        hostEnd = url.IndexOfAny(['/', '?'], hostStart);
        if (hostEnd < 0)
            hostEnd = url.Length;
        hostStart = url.LastIndexOf('@', hostEnd - 1, hostEnd - hostStart) is var at and >= 0 ? at + 1 : hostStart;
        return hostEnd > hostStart;
    }

    private static string WithoutFragment(string url) => url.IndexOf('#', StringComparison.Ordinal) is var hash and >= 0 ? url[..hash] : url;

    private static string? BodyHashOf(string url)
    {
        const string name = "bodySHA256=";
        var query = WithoutFragment(url);
        var start = query.IndexOf('?', StringComparison.Ordinal);
        return start < 0
            ? null
            : query[(start + 1)..].Split('&').FirstOrDefault(pair => pair.StartsWith(name, StringComparison.Ordinal))?[name.Length..];
    }
}
