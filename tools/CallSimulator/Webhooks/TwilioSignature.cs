using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.CallSimulator.Webhooks;

/// <summary>
/// <c>X-Twilio-Signature</c>, written from the published algorithm and on purpose apart from the voice app's validator: each checks the other.
/// </summary>
public static class TwilioSignature
{
    /// <summary>Signs a request.</summary>
    /// <param name="authToken">The account's primary auth token.</param>
    /// <param name="url">The exact URL as requested, query included, fragment excluded.</param>
    /// <param name="form">Form fields of a POST; empty for every other request.</param>
    /// <returns>Base64 of the HMAC-SHA1.</returns>
    public static string Compute(string authToken, string url, IEnumerable<KeyValuePair<string, string>> form)
    {
        var signed = new StringBuilder(url);
        var pairs = form.Distinct()
            .OrderBy(field => field.Key, StringComparer.Ordinal)
            .ThenBy(field => field.Value, StringComparer.Ordinal);
        foreach (var (name, value) in pairs)
            signed.Append(name).Append(value);

        return Convert.ToBase64String(Hash(Encoding.UTF8.GetBytes(authToken), Encoding.UTF8.GetBytes(signed.ToString())));
    }

#pragma warning disable CA5350 // Twilio chose SHA-1; there is no other signature to send.
    private static byte[] Hash(byte[] key, byte[] message) => HMACSHA1.HashData(key, message);
#pragma warning restore CA5350
}
