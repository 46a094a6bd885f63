using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.CallSimulator;

/// <summary>Everything that is random in a call, derived from its seed by name, so that no draw depends on the order of others.</summary>
internal sealed class SeededIds(long seed)
{
    private readonly Dictionary<string, int> drawn = new(StringComparer.Ordinal);

    /// <summary>A Twilio SID: the prefix and 32 hex digits.</summary>
    public string Sid(string prefix) => prefix + Convert.ToHexStringLower(Draw("sid-" + prefix)[..16]);

    /// <summary>The next idempotency token.</summary>
    public string Token() => new Guid(Draw("token")[..16]).ToString("D", CultureInfo.InvariantCulture);

    /// <summary>From 0 up to 1.</summary>
    public double Fraction(string purpose) => BinaryPrimitives.ReadUInt32BigEndian(Draw(purpose)) / (uint.MaxValue + 1.0);

    private byte[] Draw(string purpose)
    {
        var index = drawn.GetValueOrDefault(purpose);
        drawn[purpose] = index + 1;
        return SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{seed}/{purpose}/{index}")));
    }
}
