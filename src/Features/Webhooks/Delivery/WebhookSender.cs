using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using KestrelVoice.Features.Kernel.CustomerUrls;

namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>One request to a customer's endpoint, and what came of it.</summary>
internal sealed class WebhookSender(IHttpClientFactory clients, TimeProvider clock)
{
    private const int KeptOfResponse = 16 * 1024;

    /// <summary>From the first packet to the last.</summary>
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(15);

    /// <param name="Id">The event's public id, the same on every attempt.</param>
    /// <param name="Sequence">Its place in the tenant's stream; null for a sample, which has none.</param>
    /// <param name="Body">The bytes as they were stored.</param>
    /// <param name="Keys">Signing keys, newest first.</param>
    /// <param name="Headers">The customer's own.</param>
    internal sealed record Request(
        string Url, string Id, long? Sequence, byte[] Body, IReadOnlyList<byte[]> Keys, IReadOnlyDictionary<string, string> Headers);

    /// <param name="Status">Null when there was no answer.</param>
    /// <param name="Error">Why there was none: one of <see cref="ConnectFailures"/>.</param>
    /// <param name="ResponseBody">The beginning of the answer, as text.</param>
    /// <param name="RetryAfter">How long the receiver asked to be left alone.</param>
    internal sealed record Result(DateTimeOffset StartedAt, int DurationMs, int? Status, string? Error, string? ResponseBody, TimeSpan? RetryAfter)
    {
        public Verdict Verdict => Status switch
        {
            >= 200 and <= 299 => Verdict.Delivered,
            410 => Verdict.Gone,
            null or >= 500 or 408 or 409 or 425 or 429 => Verdict.TryAgain,
            _ => Verdict.Refused,
        };
    }

    /// <exception cref="OperationCanceledException">The caller gave up; nothing is known of what the receiver made of it.</exception>
    public async Task<Result> SendAsync(Request request, CancellationToken cancellationToken)
    {
        var startedAt = clock.GetUtcNow();
        var watch = clock.GetTimestamp();
        using var patience = new CancellationTokenSource(Within, clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            using var message = Message(request, startedAt);
            using var response = await clients.CreateClient(CustomerHttp.ClientName)
                .SendAsync(message, HttpCompletionOption.ResponseHeadersRead, ending.Token);
            var body = await ReadAsync(response.Content, ending.Token);
            cancellationToken.ThrowIfCancellationRequested();
            return new Result(startedAt, Elapsed(watch), (int)response.StatusCode, Error: null, body, RetryAfter(response.Headers.RetryAfter));
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new Result(startedAt, Elapsed(watch), Status: null, ConnectFailures.Of(failure), ResponseBody: null, RetryAfter: null);
        }
    }

    private static HttpRequestMessage Message(Request request, DateTimeOffset at)
    {
        var timestamp = at.ToUnixTimeSeconds();
        var message = new HttpRequestMessage(HttpMethod.Post, request.Url)
        {
            Version = HttpVersion.Version11,
            Content = new ByteArrayContent(request.Body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        foreach (var (name, value) in request.Headers)
            message.Headers.TryAddWithoutValidation(name, value);
        message.Headers.Add("webhook-id", request.Id);
        message.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        message.Headers.Add("webhook-signature", WebhookSignature.Of(request.Id, timestamp, request.Body, request.Keys));
        if (request.Sequence is { } sequence)
            message.Headers.Add("kestrel-sequence", sequence.ToString(CultureInfo.InvariantCulture));
        else
            message.Headers.Add("kestrel-test", "true");
        return message;
    }

    // The status decides. A body that stalls, breaks off or never ends is only worth less to whoever reads the log.
    private static async Task<string> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = new byte[KeptOfResponse];
        var kept = 0;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellationToken);
            int read;
            while (kept < buffer.Length && (read = await stream.ReadAsync(buffer.AsMemory(kept), cancellationToken)) > 0)
                kept += read;
        }
        catch (Exception brokenOff) when (brokenOff is HttpRequestException or IOException or OperationCanceledException)
        {
        }
        return Text(buffer.AsSpan(0, kept));
    }

    // Whatever came is kept as text that a database can hold and a terminal can show.
    private static string Text(ReadOnlySpan<byte> bytes) => string.Concat(Encoding.UTF8.GetString(bytes).Select(
        character => char.IsControl(character) && character is not ('\n' or '\r' or '\t') ? '\uFFFD' : character));

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header) => header switch
    {
        { Delta: { } delta } when delta > TimeSpan.Zero => delta,
        { Date: { } date } when date > clock.GetUtcNow() => date - clock.GetUtcNow(),
        _ => null,
    };

    private int Elapsed(long since) => (int)clock.GetElapsedTime(since).TotalMilliseconds;
}

/// <summary>What an attempt means for its message.</summary>
internal enum Verdict
{
    /// <summary>The receiver has it.</summary>
    Delivered,

    /// <summary>The receiver may take it later.</summary>
    TryAgain,

    /// <summary>The receiver will never take it: the same request would be answered the same.</summary>
    Refused,

    /// <summary>There is no receiver any more.</summary>
    Gone,
}
