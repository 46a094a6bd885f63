using System.Buffers.Text;
using System.Text;

namespace KestrelVoice.Bench.Reads;

/// <summary>Reads an HTTP/1.1 response as it arrives, just far enough to know its status and where it ends.</summary>
internal sealed class ResponseReader
{
    private const int StatusAt = 9;
    private const int LongestHead = 16 * 1024;

    private readonly byte[] head = new byte[LongestHead];
    private int headLength;
    private Part part;
    private long left;
    private bool sizeEnds;

    private enum Part
    {
        Head,
        Body,
        ChunkSize,
        Chunk,
        Trailer,
        End,
    }

    public int Status { get; private set; }

    /// <summary>For the next response.</summary>
    public void Reset() => (headLength, part, Status) = (0, Part.Head, 0);

    /// <returns>True when the response is complete.</returns>
    public bool Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && part is not Part.End)
            bytes = bytes[(part switch
            {
                Part.Head => TakeHead(bytes),
                Part.Body or Part.Chunk => TakeBody(bytes),
                Part.ChunkSize => TakeChunkSize(bytes),
                _ => TakeTrailer(bytes),
            })..];
        return part is Part.End;
    }

    private int TakeHead(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(bytes.Length, LongestHead - headLength);
        if (taken == 0)
            throw new InvalidDataException($"A response has more than {LongestHead} bytes of headers.");
        bytes[..taken].CopyTo(head.AsSpan(headLength));
        var before = headLength;
        headLength += taken;
        var from = Math.Max(0, before - 3);
        var end = head.AsSpan(from, headLength - from).IndexOf("\r\n\r\n"u8);
        if (end < 0)
            return taken;
        ReadHead(head.AsSpan(0, from + end + 2));
        return from + end + 4 - before;
    }

    private void ReadHead(ReadOnlySpan<byte> lines)
    {
        if (!Utf8Parser.TryParse(lines.Slice(StatusAt, 3), out int status, out _))
            throw new InvalidDataException("That is not an HTTP response.");
        Status = status;
        var (length, chunked) = (0L, false);
        for (var rest = lines; !rest.IsEmpty;)
        {
            var line = rest[..rest.IndexOf("\r\n"u8)];
            rest = rest[(line.Length + 2)..];
            if (ValueOf(line, "content-length:"u8) is { IsEmpty: false } number && !Utf8Parser.TryParse(number, out length, out _))
                throw new InvalidDataException("A content-length is not a number.");
            chunked |= ValueOf(line, "transfer-encoding:"u8).IndexOf("chunked"u8) >= 0;
        }
        (left, sizeEnds) = (chunked ? 0 : length, false);
        var empty = status is 204 or 304 || (!chunked && length == 0);
        part = empty ? Part.End : chunked ? Part.ChunkSize : Part.Body;
    }

    private static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name) =>
        line.Length > name.Length && Ascii.EqualsIgnoreCase(line[..name.Length], name) ? line[name.Length..].TrimStart((byte)' ') : default;

    private int TakeBody(ReadOnlySpan<byte> bytes)
    {
        var taken = (int)Math.Min(left, bytes.Length);
        left -= taken;
        if (left == 0)
            part = part is Part.Body ? Part.End : Part.ChunkSize;
        return taken;
    }

    // Hexadecimal, then perhaps an extension, which nobody needs.
    private int TakeChunkSize(ReadOnlySpan<byte> bytes)
    {
        for (var index = 0; index < bytes.Length; index++)
        {
            var letter = bytes[index];
            if (letter == '\n')
            {
                part = left == 0 ? Part.Trailer : Part.Chunk;
                // The line end that follows a chunk counts as a part of it.
                left = left == 0 ? 0 : left + 2;
                sizeEnds = false;
                return index + 1;
            }
            sizeEnds |= !char.IsAsciiHexDigit((char)letter);
            if (!sizeEnds)
                left = (left << 4) + Hex(letter);
        }
        return bytes.Length;
    }

    // Lines after the last chunk, of which the empty one is the last.
    private int TakeTrailer(ReadOnlySpan<byte> bytes)
    {
        for (var index = 0; index < bytes.Length; index++)
        {
            if (bytes[index] != '\n')
            {
                left += bytes[index] == '\r' ? 0 : 1;
                continue;
            }
            if (left == 0)
            {
                part = Part.End;
                return index + 1;
            }
            left = 0;
        }
        return bytes.Length;
    }

    private static int Hex(byte letter) => letter <= '9' ? letter - '0' : (letter | 0x20) - 'a' + 10;
}
