using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.EndToEnd.Tests;

/// <summary>What a customer runs: endpoints on one port, of which each has a temper of its own.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    public const string Healthy = "healthy";
    public const string Flaky = "flaky";
    public const string Slow = "slow";
    public const string Broken = "broken";

    private const int MostRefusals = 3;
    private static readonly TimeSpan SlowAnswer = TimeSpan.FromMilliseconds(800);

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, byte[]> secrets = new();
    private readonly ConcurrentDictionary<(string Endpoint, string Id), int> refused = new();
    private readonly ConcurrentDictionary<(string Endpoint, string Id), JsonElement> taken = new();

    private WebhookReceiver(WebApplication app) => this.app = app;

    public Uri Url => new(app.Urls.Single());

    /// <summary>What was wrong with any request: a bad signature, other bytes under the same id.</summary>
    public ConcurrentQueue<string> Complaints { get; } = [];

    public static async Task<WebhookReceiver> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var receiver = new WebhookReceiver(app);
        app.MapPost("/{endpoint}", receiver.TakeAsync);
        await app.StartAsync();
        return receiver;
    }

    public void Expect(string endpoint, string secret) =>
        secrets[endpoint] = Convert.FromBase64String(secret["whsec_".Length..]);

    /// <summary>The events that an endpoint has answered 200 to, by id: their effects.</summary>
    public IReadOnlyDictionary<string, JsonElement> EffectsOf(string endpoint) =>
        taken.Where(entry => entry.Key.Endpoint == endpoint).ToDictionary(entry => entry.Key.Id, entry => entry.Value);

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task<IResult> TakeAsync(string endpoint, HttpContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        var body = buffer.ToArray();
        var id = context.Request.Headers["webhook-id"].ToString();
        if (!IsSigned(endpoint, context.Request.Headers, id, body))
            Complaints.Enqueue($"{endpoint}: {id} is not signed as it should be");

        if (endpoint == Broken)
            return Results.Text("out of order", statusCode: StatusCodes.Status500InternalServerError);
        // Differs from event to event and from endpoint to endpoint, and ends: what comes often enough is taken.
        if (endpoint == Flaky && refused.AddOrUpdate((endpoint, id), 1, (_, times) => times + 1) <= (id[^1] + id[^3]) % (MostRefusals + 1))
        {
            if (id[^2] % 4 == 0)
                context.Abort();
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }
        if (endpoint == Slow)
            await Task.Delay(SlowAnswer, context.RequestAborted);

        if (!JsonElement.DeepEquals(taken.GetOrAdd((endpoint, id), JsonElement.Parse(body)), JsonElement.Parse(body)))
            Complaints.Enqueue($"{endpoint}: {id} came again and said something else");
        return Results.Ok();
    }

    private bool IsSigned(string endpoint, IHeaderDictionary headers, string id, byte[] body)
    {
        byte[] signed =
        [
            .. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{headers["webhook-timestamp"]}.")),
            .. body,
        ];
        var expected = "v1," + Convert.ToBase64String(HMACSHA256.HashData(secrets[endpoint], signed));
        return headers["webhook-signature"].ToString().Split(' ').Contains(expected);
    }
}
