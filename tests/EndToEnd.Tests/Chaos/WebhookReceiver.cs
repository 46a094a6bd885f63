using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.EndToEnd.Tests.Chaos;

/// <summary>What a customer runs: three endpoints on one port, one healthy, one that fails at first, one slow.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    public const string Healthy = "healthy";
    public const string Flaky = "flaky";
    public const string Slow = "slow";

    private const int MostRefusals = 3;
    private static readonly TimeSpan SlowAnswer = TimeSpan.FromMilliseconds(800);

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, byte[]> secrets = new();
    private readonly ConcurrentDictionary<(string Endpoint, string Id), int> refused = new();
    private readonly ConcurrentDictionary<(string Endpoint, string Id), Taken> taken = new();

    private WebhookReceiver(WebApplication app) => this.app = app;

    public Uri Url => new(app.Urls.Single());

    /// <summary>What was wrong with any request: a bad signature, other bytes under the same id.</summary>
    public ConcurrentQueue<string> Complaints { get; } = [];

    public static async Task<WebhookReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
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
    public IReadOnlyDictionary<string, string> EffectsOf(string endpoint) =>
        taken.Where(entry => entry.Key.Endpoint == endpoint).ToDictionary(entry => entry.Key.Id, entry => entry.Value.Event);

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task<IResult> TakeAsync(string endpoint, HttpContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        var body = buffer.ToArray();
        var id = context.Request.Headers["webhook-id"].ToString();
        if (!IsSigned(endpoint, context.Request.Headers, id, body))
            Complaints.Enqueue($"{endpoint}: {id} is not signed as it should be");

        // Differs from event to event and from endpoint to endpoint, and ends: what comes often enough is taken.
        if (endpoint == Flaky && refused.AddOrUpdate((endpoint, id), 1, (_, times) => times + 1) <= (id[^1] + id[^3]) % (MostRefusals + 1))
        {
            if (id[^2] % 4 == 0)
                context.Abort();
            return Results.StatusCode(StatusCodes.Status503ServiceUnavailable);
        }
        if (endpoint == Slow)
            await Task.Delay(SlowAnswer, context.RequestAborted);

        var now = new Taken(JsonElement.Parse(body).GetProperty("event").GetString()!, Convert.ToHexString(SHA256.HashData(body)));
        if (taken.GetOrAdd((endpoint, id), now) != now)
            Complaints.Enqueue($"{endpoint}: {id} came again with other bytes");
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

    private sealed record Taken(string Event, string Digest);
}
