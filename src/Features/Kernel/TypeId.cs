using System.Diagnostics.CodeAnalysis;

namespace KestrelVoice.Features.Kernel;

/// <summary>Public ids: a prefix that says what it is, and a UUID in 26 characters of Crockford's base 32 (the TypeID text form).</summary>
public static class TypeId
{
    public const string Call = "call";
    public const string ApiKey = "key";
    public const string Event = "evt";
    public const string Appointment = "appt";
    public const string WebhookEndpoint = "we";
    public const string WebhookMessage = "msg";
    public const string Hook = "hook";
    public const string Request = "req";
    public const string Tenant = "ten";
    public const string Audit = "aud";
    public const string Service = "svc";
    public const string Resource = "res";
    public const string Calendar = "cal";
    public const string Erasure = "ers";

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int EncodedLength = 26;

    public static string Format(string prefix, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        var value = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return string.Create(prefix.Length + 1 + EncodedLength, (prefix, value), static (text, state) =>
        {
            state.prefix.CopyTo(text);
            text[state.prefix.Length] = '_';
            var rest = state.value;
            for (var i = text.Length - 1; i > state.prefix.Length; i--, rest >>= 5)
                text[i] = Alphabet[(int)(rest & 31)];
        });
    }

    public static Guid Parse(string prefix, string text) =>
        TryParse(prefix, text, out var id) ? id : throw new FormatException($"Not an id that begins with {prefix}_.");

    /// <summary>Reads <c>prefix_…</c>, or the bare UUID.</summary>
    public static bool TryParse(string prefix, [NotNullWhen(true)] string? text, out Guid id)
    {
        id = default;
        if (text is null)
            return false;
        if (Guid.TryParseExact(text, "D", out id))
            return true;
        if (text.Length != prefix.Length + 1 + EncodedLength || text[prefix.Length] != '_' || !text.StartsWith(prefix, StringComparison.Ordinal))
            return false;

        var value = UInt128.Zero;
        var encoded = text.AsSpan(prefix.Length + 1);
        // 26 digits hold 130 bits: the first one may only carry three.
        if (encoded[0] > '7')
            return false;
        foreach (var character in encoded)
        {
            var digit = Alphabet.IndexOf(character, StringComparison.Ordinal);
            if (digit < 0)
                return false;
            value = (value << 5) | (uint)digit;
        }
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, value);
        id = new Guid(bytes, bigEndian: true);
        return true;
    }
}
