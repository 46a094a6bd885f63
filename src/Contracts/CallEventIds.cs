using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.Contracts;

/// <summary>Ids of call events, made of nothing but what they tell of: whoever tells of the same thing again, tells it under the same id.</summary>
public static class CallEventIds
{
    /// <summary>
    /// The <see cref="CallEvent.Sequence"/> of every <see cref="CallEnded"/>, after all others: neither Twilio's status callback nor its REST API says anything
    /// about its place.
    /// </summary>
    public const int EndedSequence = 1_000_000;

    /// <summary>The id of an event.</summary>
    /// <param name="sid">Twilio's id of its call, or of what else it alone is about.</param>
    /// <param name="type">One of <see cref="CallEventTypes"/>.</param>
    /// <param name="sequence">Its position in the call.</param>
    /// <returns>A name-based UUID of RFC 9562, version 8.</returns>
    public static string Of(string sid, string type, int sequence)
    {
        Span<byte> id = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{sid}|{type}|{sequence}")), id);
        id[6] = (byte)((id[6] & 0x0F) | 0x80);
        id[8] = (byte)((id[8] & 0x3F) | 0x80);
        return new Guid(id[..16], bigEndian: true).ToString();
    }
}
