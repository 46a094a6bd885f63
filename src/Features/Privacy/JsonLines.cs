using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Privacy;

/// <summary>A line of JSON for each item, sent page by page: however many there are, one page is in memory.</summary>
internal sealed class JsonLines<T>(IAsyncEnumerable<IReadOnlyList<T>> pages) : IResult
{
    public const string ContentType = "application/x-ndjson";

    private const byte NewLine = (byte)'\n';

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var json = httpContext.RequestServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        var response = httpContext.Response;
        response.Headers.CacheControl = "private, no-store";
        response.ContentType = ContentType;
        await foreach (var page in pages)
        {
            foreach (var item in page)
            {
                using (var writer = new Utf8JsonWriter(response.BodyWriter, new JsonWriterOptions { Encoder = json.Encoder }))
                    JsonSerializer.Serialize(writer, item, json);
                response.BodyWriter.GetSpan(1)[0] = NewLine;
                response.BodyWriter.Advance(1);
            }
            // Whoever reads slowly is waited for here.
            await response.BodyWriter.FlushAsync(httpContext.RequestAborted);
        }
    }
}
