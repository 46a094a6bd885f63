using System.Buffers;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.Features.Calls;

/// <summary>Passes a recording on while it arrives, parts of it too when the client asked for a range.</summary>
internal sealed class RecordingStream(HttpResponseMessage audio) : IResult
{
    public const string ContentType = "audio/wav";

    /// <summary>Four hours, the longest call there is, in 16 kHz stereo.</summary>
    private const long MostBytes = 1L << 30;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using (audio)
        {
            var response = httpContext.Response;
            response.StatusCode = (int)audio.StatusCode;
            response.Headers.CacheControl = "private, no-store";
            response.Headers.AcceptRanges = "bytes";
            response.Headers.ContentRange = audio.Content.Headers.ContentRange?.ToString();
            // Whoever writes refusals says the rest.
            if (audio.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
                return;
            response.ContentType = ContentType;
            response.ContentLength = audio.Content.Headers.ContentLength;
            await CopyAsync(httpContext);
        }
    }

    private async Task CopyAsync(HttpContext context)
    {
        using var stalled = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        await using var source = await audio.Content.ReadAsStreamAsync(stalled.Token);
        var buffer = ArrayPool<byte>.Shared.Rent(81920);
        try
        {
            for (var total = 0L; total <= MostBytes;)
            {
                stalled.CancelAfter(LongestPause);
                var read = await source.ReadAsync(buffer, stalled.Token);
                if (read == 0)
                    return;
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), stalled.Token);
                total += read;
            }
            context.Abort();
        }
        catch (Exception cutOff) when (cutOff is IOException or OperationCanceledException && context.Response.HasStarted)
        {
            // Too late for another status: a broken transfer must not look like a whole recording.
            context.Abort();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
