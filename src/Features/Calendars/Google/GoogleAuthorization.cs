using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>What both halves of connecting know of the text that travels through the browser in between. It is stored as a hash only.</summary>
internal static class GoogleAuthorization
{
    /// <summary>A fast hash is right here: the text carries 256 random bits.</summary>
    public static byte[] HashOf(string state) => SHA256.HashData(Encoding.UTF8.GetBytes(state));

    /// <summary>What the code verifier is sealed for.</summary>
    public static string Context(Guid tenantId, string state) => $"{tenantId}|google_code_verifier|{Convert.ToHexStringLower(HashOf(state))}";
}
