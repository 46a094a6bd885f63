using System.Collections.Concurrent;
using System.Text.Json;
using KestrelVoice.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Voice.Tests.Dapr;

/// <summary>The host's side of the contract: answers routing lookups and keeps the envelopes that are delivered.</summary>
internal sealed class HostApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _lookups;

    private HostApp(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        _app = builder.Build();
        _app.MapGet("/health/ready", () => Results.Ok());
        _app.MapGet("/dapr/subscribe", () => Results.Json(new[] { new { pubsubname = Components.PubSub, topic = Topics.Calls, route = "/events/calls" } }));
        _app.MapPost("/events/calls", async (HttpRequest request) =>
        {
            Envelopes.Enqueue((await JsonDocument.ParseAsync(request.Body)).RootElement);
            return Results.Ok();
        });
        _app.MapPost(InternalRoutes.Routing, async (HttpRequest request) =>
        {
            Interlocked.Increment(ref _lookups);
            var lookup = await request.ReadFromJsonAsync<RoutingLookup>(ContractJson.Options);
            return IsFailing ? Results.StatusCode(500)
                : Tenants.TryGetValue(lookup!.PhoneNumber, out var settings) ? Results.Json(settings, ContractJson.Options)
                : Results.Problem(statusCode: 404);
        });
    }

    public ConcurrentDictionary<string, RoutingSettings> Tenants { get; } = new(StringComparer.Ordinal) { [Tenant.Number] = Tenant.Open };

    public ConcurrentQueue<JsonElement> Envelopes { get; } = [];

    public int Lookups => _lookups;

    public bool IsFailing { get; set; }

    public static async Task<HostApp> StartAsync(int port)
    {
        var host = new HostApp(port);
        await host._app.StartAsync();
        return host;
    }

    /// <summary>Distinct events of a call in the order of the call, once all of them have arrived.</summary>
    public async Task<IReadOnlyList<JsonElement>> EnvelopesOfAsync(string callSid, int count)
    {
        var deadline = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var arrived = Envelopes
                .Where(envelope => envelope.GetProperty("data").GetProperty("call").GetProperty("call_sid").GetString() == callSid)
                .DistinctBy(envelope => envelope.GetProperty("id").GetString())
                .OrderBy(envelope => envelope.GetProperty("data").GetProperty("sequence").GetInt32()).ToArray();
            if (arrived.Length >= count || TimeProvider.System.GetElapsedTime(deadline) > TimeSpan.FromSeconds(40))
            {
                arrived.Length.ShouldBe(count, string.Join(", ", arrived.Select(envelope => envelope.GetProperty("type").GetString())));
                return arrived;
            }
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public async Task<IReadOnlyList<string>> TypesOfAsync(string callSid, int count) =>
        [.. (await EnvelopesOfAsync(callSid, count)).Select(envelope => envelope.GetProperty("type").GetString()!)];

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
