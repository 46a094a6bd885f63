using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.Features.Webhooks.Endpoints;

/// <summary>A signing secret as customers write it. Its key is always bytes: those of the base64 after <c>whsec_</c>.</summary>
internal static class SecretText
{
    public const string Rule = "secret is whsec_ and the base64 of 24 to 64 bytes, or a text of 24 to 64 bytes.";

    private const string Prefix = "whsec_";
    private const int ShortestKey = 24;
    private const int LongestKey = 64;
    private const int OurKey = 32;

    public static byte[] CreateKey() => RandomNumberGenerator.GetBytes(OurKey);

    public static string Of(byte[] key) => Prefix + Convert.ToBase64String(key);

    /// <summary>Receivers decode whatever follows the prefix, so a text without one is answered in the form that gives its very bytes.</summary>
    public static bool TryRead(string text, [NotNullWhen(true)] out byte[]? key)
    {
        key = null;
        if (text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            var bytes = new byte[LongestKey];
            if (!Convert.TryFromBase64String(text[Prefix.Length..], bytes, out var written) || written < ShortestKey)
                return false;
            key = bytes[..written];
            return true;
        }
        if (text.Any(char.IsControl) || Encoding.UTF8.GetByteCount(text) is < ShortestKey or > LongestKey)
            return false;
        key = Encoding.UTF8.GetBytes(text);
        return true;
    }

    public static byte[] KeyOf(string? text) => text is null ? CreateKey()
        : TryRead(text, out var key) ? key : throw new FormatException(Rule);
}
