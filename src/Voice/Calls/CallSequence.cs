using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.Voice.Calls;

/// <summary>What one request may record; the place within its block of sequence numbers.</summary>
internal enum Slot
{
    Opening = 0,
    Emergency = 1,
    ReceptionistTurn = 2,
    CallRecordingAvailable = 3,
    CallRecordingAbsent = 4,
    VoicemailRecordingAvailable = 5,
    VoicemailRecordingAbsent = 6,
    Booked = 7,
}

/// <summary>Numbers and ids of events, from nothing but where in the call they belong.</summary>
internal static class CallSequence
{
    /// <summary>After every block: the status callback says nothing about its place.</summary>
    public const int Ended = 1_000_000;

    private const int BlockSize = 8;

    public static int Of(int block, Slot slot) => block * BlockSize + (int)slot;

    /// <summary>The same for the same webhook, however often Twilio sends it.</summary>
    public static string EventId(string callSid, string type, int sequence)
    {
        Span<byte> id = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{callSid}|{type}|{sequence}")), id);
        // A name-based UUID of RFC 9562, version 8.
        id[6] = (byte)((id[6] & 0x0F) | 0x80);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new Guid(id[..16], bigEndian: true).ToString();
    }
}
