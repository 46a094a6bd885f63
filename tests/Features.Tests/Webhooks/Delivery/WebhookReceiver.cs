using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Tests.Webhooks.Delivery;

/// <summary>What a customer runs: a real server on this machine that keeps every request, and answers as it is told.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private static int receivers;

    private readonly WebApplication app;
    // Ports are used again, and a retry of another test must not come to this one.
    private readonly string path = $"/webhooks/{Interlocked.Increment(ref receivers)}";
    private readonly Lock gate = new();
    private readonly List<ReceivedWebhook> received = [];
    private int underWay;

    private WebhookReceiver(WebApplication app) => this.app = app;

    public string Url => app.Urls.Single() + path + "?of=ours";

    /// <summary>Answers the request with that number, from 1; 200 when it is left alone.</summary>
    public Func<HttpContext, int, Task> Answers { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Most requests that were under way at once.</summary>
    public int MostUnderWay { get; private set; }

    public IReadOnlyList<ReceivedWebhook> Received
    {
        get
        {
            lock (gate)
                return [.. received];
        }
    }

    public static async Task<WebhookReceiver> StartAsync(int status = StatusCodes.Status200OK)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var receiver = new WebhookReceiver(app)
        {
            Answers = (context, _) =>
            {
                context.Response.StatusCode = status;
                return Task.CompletedTask;
            },
        };
        app.MapPost(receiver.path, receiver.TakeAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return receiver;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        int number;
        lock (gate)
        {
            received.Add(new ReceivedWebhook(
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray()));
            number = received.Count;
            MostUnderWay = Math.Max(MostUnderWay, ++underWay);
        }
        try
        {
            await Answers(context, number);
        }
        finally
        {
            lock (gate)
                underWay--;
        }
    }
}

internal sealed record ReceivedWebhook(IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Id => Headers["webhook-id"];

    public JsonElement Payload => JsonElement.Parse(Body);

    /// <summary>As a receiver does that knows this secret.</summary>
    public bool IsSignedWith(string secret)
    {
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Id}.{Headers["webhook-timestamp"]}.")), .. Body];
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        return Headers["webhook-signature"].Split(' ').Contains("v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed)));
    }
}
