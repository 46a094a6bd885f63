using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>The signature of Standard Webhooks 1.0.0, version v1: HMAC-SHA256 over id, moment of the attempt and body, joined by full stops.</summary>
internal static class WebhookSignature
{
    /// <param name="keys">Every key that is valid now, newest first: during a rotation a receiver may have either.</param>
    /// <returns>The value of <c>webhook-signature</c>.</returns>
    public static string Of(string id, long unixSeconds, ReadOnlySpan<byte> body, IEnumerable<byte[]> keys)
    {
        var head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{unixSeconds}."));
        var signed = new byte[head.Length + body.Length];
        head.CopyTo(signed, 0);
        body.CopyTo(signed.AsSpan(head.Length));
        return string.Join(' ', keys.Select(key => "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed))));
    }
}
