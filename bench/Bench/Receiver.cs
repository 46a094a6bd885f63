using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.Bench;

/// <summary>A customer's receiver in a process of its own: answers 204 at once, and counts what it had not yet seen.</summary>
internal sealed class Receiver(ManagedProcess process, Uri url) : IAsyncDisposable
{
    private static readonly HttpClient Client = new();

    /// <param name="Distinct">Pairs of path and webhook-id.</param>
    /// <param name="Repeated">What came again.</param>
    internal sealed record Tally(int Distinct, int Repeated);

    public Uri Url => url;

    public static async Task<Receiver> StartAsync(CancellationToken cancellationToken)
    {
        var port = Ports.Take();
        var process = new ManagedProcess(
            "receiver", "dotnet", [typeof(Receiver).Assembly.Location, "receive", port.ToString(CultureInfo.InvariantCulture)],
            AppContext.BaseDirectory, new Dictionary<string, string>());
        process.Start();
        var receiver = new Receiver(process, new Uri($"http://127.0.0.1:{port}"));
        await Eventually.Is(async () => await receiver.CountAsync(cancellationToken) is not null, TimeSpan.FromSeconds(30), () => process.Log, cancellationToken);
        return receiver;
    }

    public Task<Tally?> CountAsync(CancellationToken cancellationToken) => Client.GetFromJsonAsync<Tally>(new Uri(url, "/tally"), cancellationToken);

    /// <summary>The last body that came.</summary>
    public Task<byte[]> SampleAsync(CancellationToken cancellationToken) => Client.GetByteArrayAsync(new Uri(url, "/sample"), cancellationToken);

    public ValueTask DisposeAsync() => process.DisposeAsync();

    /// <summary>Serves on a loopback port until cancelled.</summary>
    public static async Task ServeAsync(int port, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenLocalhost(port));
        await using var app = builder.Build();
        var seen = new ConcurrentDictionary<(string Endpoint, string Id), bool>();
        var repeated = 0;
        byte[] sample = [];
        app.MapGet("/tally", () => new Tally(seen.Count, repeated));
        app.MapGet("/sample", () => Results.Bytes(sample));
        app.MapPost("/{endpoint}", async (string endpoint, HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
            sample = body.ToArray();
            if (!seen.TryAdd((endpoint, request.Headers["webhook-id"].ToString()), true))
                Interlocked.Increment(ref repeated);
            return Results.NoContent();
        });
        await app.RunAsync(cancellationToken);
    }
}
