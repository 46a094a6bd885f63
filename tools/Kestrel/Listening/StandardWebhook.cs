using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.Cli.Listening;

/// <summary>What a receiver checks before it believes a delivery: https://www.standardwebhooks.com, signatures of version 1.</summary>
internal sealed class StandardWebhook(string secret, TimeProvider clock)
{
    private const string SecretPrefix = "whsec_";
    private const string Version = "v1,";
    private static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    private readonly byte[] key = Convert.FromBase64String(secret[SecretPrefix.Length..]);

    /// <summary>Why the delivery is not to be believed; null when it is.</summary>
    public string? Complaint(IHeaderDictionary headers, ReadOnlySpan<byte> body)
    {
        var (id, timestamp, signatures) = (headers["webhook-id"].ToString(), headers["webhook-timestamp"].ToString(), headers["webhook-signature"].ToString());
        if (id.Length == 0 || timestamp.Length == 0 || signatures.Length == 0)
            return "a webhook- header is missing";
        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds))
            return "webhook-timestamp is no number";
        // In seconds: a timestamp may be any number, and not every number is a date.
        if (Math.Abs(clock.GetUtcNow().ToUnixTimeSeconds() - (double)seconds) > Tolerance.TotalSeconds)
            return "webhook-timestamp is more than five minutes off";

        var signed = (byte[])[.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        var expected = Convert.ToBase64String(HMACSHA256.HashData(key, signed));
        return signatures.Split(' ').Any(signature => signature.StartsWith(Version, StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(signature[Version.Length..]), Encoding.UTF8.GetBytes(expected)))
            ? null
            : "no signature is of this secret";
    }
}
