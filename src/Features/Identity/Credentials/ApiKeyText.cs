using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Identity.Credentials;

/// <summary>
/// An API key as its owner holds it: <c>kv_live_&lt;8 that find it&gt;_&lt;30 that prove it&gt;&lt;6 of checksum&gt;</c>, all base 62; <c>kv_test_</c> in a sandbox.
/// </summary>
/// <remarks>The checksum is no secret: it lets scanners recognise a leaked key, and us drop a typo before the database is asked.</remarks>
internal sealed record ApiKeyText(string LookupId, string Text)
{
    internal const string Live = "kv_live_";
    internal const string Sandbox = "kv_test_";
    internal const int LookupLength = 8;
    internal const int SecretLength = 30;
    internal const int ChecksumLength = 6;
    internal const int Length = 8 + LookupLength + 1 + SecretLength + ChecksumLength;
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly SearchValues<char> Digits = SearchValues.Create(Alphabet);

    internal string Prefix => Text[..(Live.Length + LookupLength)];

    internal string Last4 => Text[^4..];

    /// <summary>A fast hash is right here: the text carries 178 random bits, which no dictionary holds.</summary>
    internal byte[] Hash() => SHA256.HashData(Encoding.ASCII.GetBytes(Text));

    internal static ApiKeyText Create(Mode mode = Mode.Live)
    {
        var lookupId = RandomNumberGenerator.GetString(Alphabet, LookupLength);
        var secret = RandomNumberGenerator.GetString(Alphabet, SecretLength);
        return new ApiKeyText(lookupId, $"{(mode is Mode.Test ? Sandbox : Live)}{lookupId}_{secret}{Checksum(secret)}");
    }

    internal static bool TryParse(string? text, [NotNullWhen(true)] out ApiKeyText? key)
    {
        key = null;
        if (text is not { Length: Length }
            || !(text.StartsWith(Live, StringComparison.Ordinal) || text.StartsWith(Sandbox, StringComparison.Ordinal)))
            return false;
        var lookupId = text.AsSpan(Live.Length, LookupLength);
        var secret = text.AsSpan(Live.Length + LookupLength + 1, SecretLength);
        if (text[Live.Length + LookupLength] != '_'
            || lookupId.ContainsAnyExcept(Digits)
            || secret.ContainsAnyExcept(Digits)
            || !text.AsSpan(Length - ChecksumLength).SequenceEqual(Checksum(secret)))
            return false;
        key = new ApiKeyText(lookupId.ToString(), text);
        return true;
    }

    internal static string Checksum(ReadOnlySpan<char> secret)
    {
        var rest = Crc32(secret);
        return string.Create(ChecksumLength, rest, static (text, value) =>
        {
            for (var i = text.Length - 1; i >= 0; i--, value /= (uint)Alphabet.Length)
                text[i] = Alphabet[(int)(value % (uint)Alphabet.Length)];
        });
    }

    private static uint Crc32(ReadOnlySpan<char> ascii)
    {
        var crc = uint.MaxValue;
        foreach (var character in ascii)
        {
            crc ^= character;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }
        return ~crc;
    }
}
