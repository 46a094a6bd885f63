using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>Refresh tokens of one session: each is derived from the one before it with the session's secret.</summary>
/// <remarks>
/// So only hashes are stored, and still a client that lost an answer gets the same successor again. A stolen token alone does not
/// give the next one, and neither does a stolen table.
/// </remarks>
internal static class RefreshToken
{
    internal static readonly TimeSpan ReuseInterval = TimeSpan.FromSeconds(10);
    private const int Bytes = 32;

    internal enum Verdict
    {
        Rotate,
        RepeatCurrent,
        Stolen,
    }

    internal static string First() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));

    internal static byte[] NewSecret() => RandomNumberGenerator.GetBytes(Bytes);

    internal static string Next(byte[] sessionSecret, string token) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(sessionSecret, Encoding.UTF8.GetBytes(token)));

    internal static string Later(byte[] sessionSecret, string token, int generations)
    {
        for (var i = 0; i < generations; i++)
            token = Next(sessionSecret, token);
        return token;
    }

    internal static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    /// <summary>A token is used once. Its parent, or anything within moments of a refresh, is a client that lost or raced an answer.</summary>
    internal static Verdict Judge(int presented, int current, TimeSpan sinceRefresh)
    {
        if (presented == current)
            return Verdict.Rotate;
        return presented == current - 1 || sinceRefresh <= ReuseInterval ? Verdict.RepeatCurrent : Verdict.Stolen;
    }
}
