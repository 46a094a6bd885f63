using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Twilio;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Voice.Calls;

/// <summary>Who talks to whom.</summary>
internal sealed record Parties(string From, string To, string Direction);

/// <summary>
/// Twilio's recording callbacks name the call alone, and numbers do not belong in URLs. So the URL carries the parties sealed, bound to the call, and the
/// callback can be told whatever state is lost. The same call yields the same seal, as a repeated answer must.
/// </summary>
internal sealed class PartySeal(IOptions<TwilioOptions> options)
{
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int KeyLength = 32;
    private const int MaxLength = 2048;
    private const char Separator = '\n';

    private readonly (byte[] Encryption, byte[] Nonce)[] _keys = [.. options.Value.Tokens.Select(KeysOf)];

    public string Seal(CallHeader call)
    {
        var plain = Encoding.UTF8.GetBytes(string.Join(Separator, Flat(call.From), Flat(call.To), call.Direction));
        var callSid = Encoding.UTF8.GetBytes(call.CallSid);
        var sealedBytes = new byte[NonceLength + plain.Length + TagLength];
        var nonce = sealedBytes.AsSpan(0, NonceLength);
        // From what is sealed: no two texts share a nonce, and no randomness makes a repeat differ.
        HMACSHA256.HashData(_keys[0].Nonce, (byte[])[.. callSid, .. plain]).AsSpan(0, NonceLength).CopyTo(nonce);
        using var aes = new AesGcm(_keys[0].Encryption, TagLength);
        aes.Encrypt(nonce, plain, sealedBytes.AsSpan(NonceLength, plain.Length), sealedBytes.AsSpan(NonceLength + plain.Length), callSid);
        return Base64Url.EncodeToString(sealedBytes);
    }

    /// <summary>Null when it was not sealed by us for this call.</summary>
    public Parties? Open(string callSid, string text)
    {
        if (text.Length > MaxLength || !Base64Url.IsValid(text))
            return null;
        var sealedBytes = Base64Url.DecodeFromChars(text);
        if (sealedBytes.Length < NonceLength + TagLength)
            return null;
        return _keys.Select(key => Open(key.Encryption, callSid, sealedBytes)).FirstOrDefault(parties => parties is not null);
    }

    private static Parties? Open(byte[] key, string callSid, byte[] sealedBytes)
    {
        var plain = new byte[sealedBytes.Length - NonceLength - TagLength];
        try
        {
            using var aes = new AesGcm(key, TagLength);
            aes.Decrypt(
                sealedBytes.AsSpan(0, NonceLength), sealedBytes.AsSpan(NonceLength, plain.Length), sealedBytes.AsSpan(NonceLength + plain.Length), plain,
                Encoding.UTF8.GetBytes(callSid));
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        return Encoding.UTF8.GetString(plain).Split(Separator) is [var from, var to, var direction] ? new Parties(from, to, direction) : null;
    }

    private static string Flat(string party) => party.Replace(Separator, ' ');

    private static (byte[] Encryption, byte[] Nonce) KeysOf(string token)
    {
        var keys = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(token), 2 * KeyLength, info: "kestrelvoice parties"u8.ToArray());
        return (keys[..KeyLength], keys[KeyLength..]);
    }
}
