using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Dapr.Workflow.Worker;

/// <summary>Ids that follow from a name, as RFC 9562 leaves to the application in version 8: the same name in the same space gives the same id.</summary>
internal static class NameBasedGuid
{
    private static readonly Guid Space = new("7c3d3f6e-6a5c-4d0e-9a3a-5b0a4a6e0d11");

    /// <summary>A space for names from any text.</summary>
    public static Guid SpaceOf(string text) => Guid.TryParse(text, out var id) ? id : Create(Space, text);

    public static Guid Create(Guid space, string name)
    {
        var text = Encoding.UTF8.GetBytes(name);
        var input = new byte[16 + text.Length];
        space.TryWriteBytes(input, bigEndian: true, out _);
        text.CopyTo(input, 16);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        BinaryPrimitives.WriteUInt16BigEndian(hash[6..], (ushort)((BinaryPrimitives.ReadUInt16BigEndian(hash[6..]) & 0x0FFF) | 0x8000));
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
