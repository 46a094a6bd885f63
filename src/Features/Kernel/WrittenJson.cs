using System.Buffers;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.ObjectPool;
using Npgsql;

namespace KestrelVoice.Features.Kernel;

/// <summary>
/// 200 with the JSON of a <typeparamref name="T"/> that was written while its rows were read: from the bytes of the database to those of the answer, without
/// strings and objects in between. For the one or two reads that are asked for more than all others.
/// </summary>
internal sealed class WrittenJson<T>(JsonScratch body, string version) : IResult, IVersioned, IEndpointMetadataProvider
{
    public string Version => version;

    /// <summary>Once: the memory is used again.</summary>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = body.Written.Length;
        response.BodyWriter.Write(body.Written.Span);
        body.Return();
        // The server sends what was written when the request is over.
        return Task.CompletedTask;
    }

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder) =>
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));
}

/// <summary>Memory in which an answer is written, and used again for the next. What is not given back is simply collected.</summary>
internal sealed class JsonScratch : IResettable
{
    private const int Usual = 64 * 1024;
    private const int Largest = 1024 * 1024;
    private static readonly ObjectPool<JsonScratch> Pool = ObjectPool.Create<JsonScratch>();

    private readonly ArrayBufferWriter<byte> _buffer = new(Usual);
    private byte[] _text = new byte[4096];

    public JsonScratch() => Json = new Utf8JsonWriter(
        _buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    public Utf8JsonWriter Json { get; }

    public ReadOnlyMemory<byte> Written
    {
        get
        {
            Json.Flush();
            return _buffer.WrittenMemory;
        }
    }

    public static JsonScratch Rent() => Pool.Get();

    public void Return() => Pool.Return(this);

    /// <summary>Writes a column of text as it is, or null.</summary>
    public void WriteText(JsonEncodedText name, NpgsqlDataReader reader, int column)
    {
        if (reader.IsDBNull(column))
        {
            Json.WriteNull(name);
            return;
        }
        var length = (int)reader.GetBytes(column, 0, _text, 0, _text.Length);
        if (length == _text.Length)
        {
            length = (int)reader.GetBytes(column, 0, null, 0, 0);
            _text = new byte[length + 1];
            reader.GetBytes(column, 0, _text, 0, length);
        }
        Json.WriteString(name, _text.AsSpan(0, length));
    }

    public bool TryReset()
    {
        _buffer.ResetWrittenCount();
        Json.Reset();
        return _buffer.Capacity <= Largest && _text.Length <= Largest;
    }
}
