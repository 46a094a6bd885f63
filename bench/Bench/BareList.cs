using System.Buffers;
using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Npgsql;

namespace KestrelVoice.Bench;

/// <summary>
/// The least that the first page can cost: one round trip of the list's page query and its total from the counter rows, text from the wire as it is into JSON,
/// nothing allocated a row beyond what Npgsql does. The members are those of the product's answer.
/// </summary>
internal sealed class BareList(NpgsqlDataSource source, Guid tenantId, Uri publicUrl)
{
    private const int Limit = 20;

    // What src/Features/Calls/CallSelection.cs asks for when there is no filter.
    private const string Page =
        """
        select id, phone_number, status, duration, recording_sid is not null, transcript, created_at, direction, outcome, emergency
        from call_logs where tenant_id = $1 order by created_at desc, id desc limit $2
        """;

    private const string Total = "select calls[1]::bigint from call_counts where tenant_id = $1 and grain = 'all' and bucket = '-infinity'";

    private readonly ConcurrentBag<Scratch> pool = [];
    private readonly byte[] recordingsUrl = Encoding.ASCII.GetBytes(new Uri(publicUrl, "/api/call-logs/").ToString());

    private sealed class Scratch
    {
        public ArrayBufferWriter<byte> Body { get; } = new(64 * 1024);
        public Utf8JsonWriter Json { get; }
        public byte[] Text { get; } = new byte[16 * 1024];

        public Scratch() => Json = new Utf8JsonWriter(Body, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
    }

    private static class Names
    {
        public static readonly JsonEncodedText Data = JsonEncodedText.Encode("data");
        public static readonly JsonEncodedText Id = JsonEncodedText.Encode("id");
        public static readonly JsonEncodedText PhoneNumber = JsonEncodedText.Encode("phone_number");
        public static readonly JsonEncodedText Status = JsonEncodedText.Encode("status");
        public static readonly JsonEncodedText Duration = JsonEncodedText.Encode("duration");
        public static readonly JsonEncodedText RecordingUrl = JsonEncodedText.Encode("recording_url");
        public static readonly JsonEncodedText Transcript = JsonEncodedText.Encode("transcript");
        public static readonly JsonEncodedText CreatedAt = JsonEncodedText.Encode("created_at");
        public static readonly JsonEncodedText Direction = JsonEncodedText.Encode("direction");
        public static readonly JsonEncodedText Outcome = JsonEncodedText.Encode("outcome");
        public static readonly JsonEncodedText Emergency = JsonEncodedText.Encode("emergency");
        public static readonly JsonEncodedText Pagination = JsonEncodedText.Encode("pagination");
        public static readonly JsonEncodedText Total = JsonEncodedText.Encode("total");
        public static readonly JsonEncodedText Limit = JsonEncodedText.Encode("limit");
        public static readonly JsonEncodedText Offset = JsonEncodedText.Encode("offset");
        public static readonly JsonEncodedText NextCursor = JsonEncodedText.Encode("next_cursor");
    }

    public async Task AnswerAsync(HttpContext context)
    {
        await using var connection = await source.OpenConnectionAsync(context.RequestAborted);
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(Page)
                {
                    Parameters = { new NpgsqlParameter<Guid> { TypedValue = tenantId }, new NpgsqlParameter<int> { TypedValue = Limit + 1 } },
                },
                new NpgsqlBatchCommand(Total) { Parameters = { new NpgsqlParameter<Guid> { TypedValue = tenantId } } },
            },
        };
        if (!pool.TryTake(out var scratch))
            scratch = new Scratch();
        await using (var rows = await batch.ExecuteReaderAsync(context.RequestAborted))
            await WriteAsync(scratch, rows, context.RequestAborted);
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = scratch.Body.WrittenCount;
        context.Response.BodyWriter.Write(scratch.Body.WrittenSpan);
        scratch.Body.ResetWrittenCount();
        scratch.Json.Reset();
        pool.Add(scratch);
    }

    private async Task WriteAsync(Scratch scratch, NpgsqlDataReader rows, CancellationToken cancellationToken)
    {
        var json = scratch.Json;
        json.WriteStartObject();
        json.WriteStartArray(Names.Data);
        var (count, last) = (0, default((DateTime CreatedAt, Guid Id)));
        while (await rows.ReadAsync(cancellationToken))
        {
            if (count++ == Limit)
                continue;
            last = (rows.GetDateTime(6), rows.GetGuid(0));
            json.WriteStartObject();
            json.WriteString(Names.Id, last.Id);
            WriteText(scratch, rows, Names.PhoneNumber, 1);
            WriteText(scratch, rows, Names.Status, 2);
            json.WriteNumber(Names.Duration, rows.GetInt32(3));
            WriteRecordingUrl(scratch, rows.GetBoolean(4), last.Id);
            WriteText(scratch, rows, Names.Transcript, 5);
            json.WriteString(Names.CreatedAt, last.CreatedAt);
            WriteText(scratch, rows, Names.Direction, 7);
            WriteText(scratch, rows, Names.Outcome, 8);
            json.WriteBoolean(Names.Emergency, rows.GetBoolean(9));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        await rows.NextResultAsync(cancellationToken);
        await rows.ReadAsync(cancellationToken);
        json.WriteStartObject(Names.Pagination);
        json.WriteNumber(Names.Total, rows.GetInt64(0));
        json.WriteNumber(Names.Limit, Limit);
        json.WriteNumber(Names.Offset, 0);
        json.WriteString(Names.NextCursor, count > Limit ? Cursor(last.CreatedAt, last.Id) : null);
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
    }

    private static void WriteText(Scratch scratch, NpgsqlDataReader rows, JsonEncodedText name, int column)
    {
        if (rows.IsDBNull(column))
            scratch.Json.WriteNull(name);
        else
            scratch.Json.WriteString(name, scratch.Text.AsSpan(0, (int)rows.GetBytes(column, 0, scratch.Text, 0, scratch.Text.Length)));
    }

    private void WriteRecordingUrl(Scratch scratch, bool recorded, Guid id)
    {
        if (!recorded)
        {
            scratch.Json.WriteNull(Names.RecordingUrl);
            return;
        }
        var text = scratch.Text.AsSpan();
        recordingsUrl.CopyTo(text);
        id.TryFormat(text[recordingsUrl.Length..], out var written);
        "/recording"u8.CopyTo(text[(recordingsUrl.Length + written)..]);
        scratch.Json.WriteString(Names.RecordingUrl, text[..(recordingsUrl.Length + written + "/recording"u8.Length)]);
    }

    private static string Cursor(DateTime createdAt, Guid id)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long) + 16];
        BitConverter.TryWriteBytes(bytes, createdAt.Ticks);
        id.TryWriteBytes(bytes[sizeof(long)..]);
        return Base64Url.EncodeToString(bytes);
    }
}
