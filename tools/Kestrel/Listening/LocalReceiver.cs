using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Cli.Listening;

/// <summary>Takes deliveries on loopback: verifies each, hands it on when asked to, tells of it, and answers.</summary>
internal sealed class LocalReceiver : IAsyncDisposable
{
    private const int LargestBody = 4 * 1024 * 1024;

    // Those of the connection are the next one's own.
    private static readonly string[] NotForwarded = ["Host", "Connection", "Transfer-Encoding", "Content-Length", "Expect"];

    private readonly WebApplication app;
    private readonly LocalReceiverOptions options;
    private readonly HttpClient forwarding = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null });
    private readonly TaskCompletionSource<Action<ReceivedDelivery>> told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<StandardWebhook> verifier = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private LocalReceiver(WebApplication app, LocalReceiverOptions options) => (this.app, this.options) = (app, options);

    /// <summary>Where deliveries go.</summary>
    public string Url => app.Urls.Single();

    /// <exception cref="KestrelException">Somebody listens there already.</exception>
    public static async Task<LocalReceiver> StartAsync(LocalReceiverOptions options, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{options.Port}"))
            .ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = LargestBody);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var receiver = new LocalReceiver(app, options);
        app.Run(receiver.TakeAsync);
        try
        {
            await app.StartAsync(cancellationToken);
            return receiver;
        }
        catch (IOException) when (!cancellationToken.IsCancellationRequested)
        {
            await receiver.DisposeAsync();
            throw new KestrelException($"Port {options.Port} is in use. Take another one, or none and get a free one.");
        }
    }

    /// <summary>The secret is known once the endpoint is registered, and that takes an address to register.</summary>
    public void Begin(StandardWebhook webhook, Action<ReceivedDelivery> tell)
    {
        told.SetResult(tell);
        verifier.SetResult(webhook);
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        forwarding.Dispose();
    }

    private async Task TakeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }
        var body = await ReadAsync(context.Request);
        var webhook = await verifier.Task.WaitAsync(context.RequestAborted);
        var headers = context.Request.Headers;
        var complaint = webhook.Complaint(headers, body);
        HttpStatusCode? forwarded = complaint is null && options.Forward is not null ? await ForwardAsync(context, options.Forward, body) : null;
        context.Response.StatusCode = complaint is not null ? StatusCodes.Status401Unauthorized : forwarded is null ? options.Answer : (int)forwarded;
        (await told.Task)(new ReceivedDelivery(
            headers["webhook-id"].ToString(),
            headers.TryGetValue("kestrel-sequence", out var sequence) ? sequence.ToString() : null,
            headers.ContainsKey("kestrel-test"), body, complaint, context.Response.StatusCode,
            forwarded is null ? null : options.Forward!.ToString()));
    }

    private static async Task<byte[]> ReadAsync(HttpRequest request)
    {
        using var buffer = new MemoryStream();
        await request.Body.CopyToAsync(buffer, request.HttpContext.RequestAborted);
        return buffer.ToArray();
    }

    // What it answers decides whether the delivery is repeated, as if it had been asked itself.
    private async Task<HttpStatusCode> ForwardAsync(HttpContext context, Uri url, byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        foreach (var (name, values) in context.Request.Headers)
        {
            if (NotForwarded.Contains(name, StringComparer.OrdinalIgnoreCase))
                continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        try
        {
            using var response = await forwarding.SendAsync(request, context.RequestAborted);
            return response.StatusCode;
        }
        catch (HttpRequestException)
        {
            return HttpStatusCode.BadGateway;
        }
    }
}

/// <summary>How to receive.</summary>
/// <param name="Port">0 takes a free one.</param>
/// <param name="Answer">The status for what verifies, unless it is forwarded.</param>
/// <param name="Forward">Where else it goes; what comes back from there is the answer.</param>
internal sealed record LocalReceiverOptions(int Port, int Answer, Uri? Forward);
