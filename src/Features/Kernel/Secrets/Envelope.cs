using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.Features.Kernel.Secrets;

/// <summary>Secrets at rest: AES-256-GCM as <c>v1.&lt;kid&gt;.&lt;nonce&gt;.&lt;ciphertext+tag&gt;</c>.</summary>
/// <remarks>
/// The context (say <c>tenant|kind|row id</c>) is authenticated with the text, so a sealed secret copied to another row does not open there.
/// </remarks>
public sealed class Envelope(KeyRing keys)
{
    private const string Version = "v1";
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    public string Seal(ReadOnlySpan<byte> secret, string context)
    {
        var kid = keys.NewestKid;
        keys.TryFind(kid, out var key);
        Span<byte> nonce = stackalloc byte[NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        var sealedBytes = new byte[secret.Length + TagBytes];
        using var aes = new AesGcm(key!, TagBytes);
        aes.Encrypt(nonce, secret, sealedBytes.AsSpan(0, secret.Length), sealedBytes.AsSpan(secret.Length), Bound(kid, context));
        return $"{Version}.{kid}.{Base64Url.EncodeToString(nonce)}.{Base64Url.EncodeToString(sealedBytes)}";
    }

    public byte[] Open(string envelope, string context)
    {
        var parts = envelope.Split('.');
        if (parts is not [Version, var kid, var nonceText, var sealedText])
            throw new CryptographicException("Not a sealed secret of a known version.");
        if (!keys.TryFind(kid, out var key))
            throw new CryptographicException($"The secret was sealed with key '{kid}', which is not in Encryption:Keys.");
        byte[] nonce, sealedBytes;
        try
        {
            nonce = Base64Url.DecodeFromChars(nonceText);
            sealedBytes = Base64Url.DecodeFromChars(sealedText);
        }
        catch (FormatException notBase64)
        {
            throw new CryptographicException("The sealed secret is damaged.", notBase64);
        }
        if (nonce.Length != NonceBytes || sealedBytes.Length < TagBytes)
            throw new CryptographicException("The sealed secret is damaged.");

        var secret = new byte[sealedBytes.Length - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(nonce, sealedBytes.AsSpan(0, secret.Length), sealedBytes.AsSpan(secret.Length), secret, Bound(kid, context));
        return secret;
    }

    /// <summary>Which key sealed it; null when it is no envelope.</summary>
    public static string? KidOf(string envelope) => envelope.Split('.') is [Version, var kid, _, _] ? kid : null;

    private static byte[] Bound(string kid, string context) => Encoding.UTF8.GetBytes($"{Version}.{kid}.{context}");
}
