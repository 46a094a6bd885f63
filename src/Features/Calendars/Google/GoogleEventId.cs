using System.Buffers.Binary;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>Which event an appointment is: <c>kv</c> and its UUID in base 32 (RFC 4648 "extended hex", lower case), which is all that Google takes.</summary>
internal static class GoogleEventId
{
    private const string Prefix = "kv";
    private const string Alphabet = "0123456789abcdefghijklmnopqrstuv";
    private const int Length = 26;

    public static string Of(Guid appointmentId)
    {
        Span<byte> bytes = stackalloc byte[16];
        appointmentId.TryWriteBytes(bytes, bigEndian: true, out _);
        var rest = BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return string.Create(Prefix.Length + Length, rest, static (text, value) =>
        {
            Prefix.CopyTo(text);
            for (var i = text.Length - 1; i >= Prefix.Length; i--, value >>= 5)
                text[i] = Alphabet[(int)(value & 31)];
        });
    }
}
