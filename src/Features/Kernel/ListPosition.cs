using System.Buffers.Binary;
using System.Buffers.Text;

namespace KestrelVoice.Features.Kernel;

/// <summary>A place in a list that shows the newest first. It stays where it is while more arrive.</summary>
internal readonly record struct ListPosition(DateTime CreatedAt, Guid Id)
{
    private const byte Version = 1;
    private const int Length = 1 + sizeof(long) + 16;

    /// <summary>Before the first one.</summary>
    public static ListPosition Top { get; } = new(DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc), Guid.Empty);

    public static bool TryParse(string? text, out ListPosition position)
    {
        position = Top;
        if (text is null)
            return true;
        Span<byte> bytes = stackalloc byte[Length + 2];
        if (text.Length > 64 || !Base64Url.IsValid(text)
            || !Base64Url.TryDecodeFromChars(text, bytes, out var written) || written != Length || bytes[0] != Version)
            return false;
        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes[1..]);
        // The extremes mean infinity to the database.
        if (ticks <= DateTime.MinValue.Ticks || ticks >= DateTime.MaxValue.Ticks)
            return false;
        position = new ListPosition(new DateTime(ticks, DateTimeKind.Utc), new Guid(bytes.Slice(1 + sizeof(long), 16), bigEndian: true));
        return true;
    }

    public static ListPosition Parse(string? text) =>
        TryParse(text, out var position) ? position : throw new FormatException("Not a position in a list.");

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Length];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(bytes[1..], CreatedAt.Ticks);
        Id.TryWriteBytes(bytes[(1 + sizeof(long))..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }
}
