using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.LocalDapr.Tests.Harness;

/// <summary>A request as an app received it.</summary>
internal sealed record Received(string Method, string Path, string Query, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public JsonElement Json => JsonSerializer.Deserialize<JsonElement>(Body);

    public string Attribute(string name) => Json.GetProperty(name).GetString()!;
}

/// <summary>An app behind a sidecar: records what it is asked and answers as the test says.</summary>
internal sealed class TestApp : IAsyncDisposable
{
    private readonly ConcurrentQueue<Received> _received = new();
    private WebApplication? _server;

    public int Port { get; private set; } = Ports.Take();

    /// <summary>What <c>GET /dapr/subscribe</c> says; null is 404.</summary>
    public object? Subscriptions { get; init; }

    public int SubscribeStatus { get; init; } = 200;

    /// <summary>Until then the sidecar waits for the subscriptions.</summary>
    public Task SubscribesAfter { get; set; } = Task.CompletedTask;

    public int HealthStatus { get; set; } = 200;

    /// <summary>Answers everything but the questions of the sidecar itself.</summary>
    public Func<Received, HttpContext, Task> Answer { get; set; } = (_, _) => Task.CompletedTask;

    public int Probes => _received.Count(request => request.Path == "/health");

    public IReadOnlyList<Received> Asked(string path) => [.. _received.Where(request => request.Path == path)];

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.ListenLocalhost(Port, listen => listen.Protocols = HttpProtocols.Http1));
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.Run(ServeAsync);
        await _server.StartAsync(TestContext.Current.CancellationToken);
    }

    public async Task StopAsync()
    {
        if (_server is null)
            return;
        await _server.StopAsync(CancellationToken.None);
        await _server.DisposeAsync();
        _server = null;
    }

    public async Task<Received> ShouldReceive(string path) => (await ShouldReceive(path, 1))[0];

    public async Task<IReadOnlyList<Received>> ShouldReceive(string path, int count)
    {
        await Poll.Until(() => Asked(path).Count >= count, () => $"{count} requests to {path}; received: {string.Join(", ", _received.Select(request => request.Path))}");
        return Asked(path);
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task ServeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var received = new Received(
            context.Request.Method, context.Request.Path.Value!, context.Request.QueryString.Value!,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase), body.ToArray());
        _received.Enqueue(received);
        switch (received.Path)
        {
            case "/dapr/subscribe":
                await SubscribesAfter.WaitAsync(context.RequestAborted);
                context.Response.StatusCode = Subscriptions is null ? 404 : SubscribeStatus;
                if (Subscriptions is not null)
                    await context.Response.WriteAsJsonAsync(Subscriptions, context.RequestAborted);
                break;
            case "/dapr/config":
                context.Response.StatusCode = 404;
                break;
            case "/health":
                context.Response.StatusCode = HealthStatus;
                break;
            default:
                await Answer(received, context);
                break;
        }
    }
}
