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
        _app.MapPost(InternalRoutes.Times, () => Answer(new BookingAnswer(null, Times)));
        _app.MapPost(InternalRoutes.Hold, async (HttpRequest request) =>
        {
            Holds.Enqueue((await request.ReadFromJsonAsync<HoldWanted>(ContractJson.Options))!);
            return Answer(new BookingAnswer(HoldId, []));
        });
        _app.MapPost(InternalRoutes.Book, async (HttpRequest request) =>
        {
            Bookings.Enqueue((await request.ReadFromJsonAsync<BookingWanted>(ContractJson.Options))!);
            return Answer(new BookingAnswer(HoldId, []));
        });
        _app.MapPost(InternalRoutes.Routing, async (HttpRequest request) =>
        {
            var lookup = await request.ReadFromJsonAsync<RoutingLookup>(ContractJson.Options);
            if (lookup!.PhoneNumber == Tenant.Number)
                Interlocked.Increment(ref _lookups);
            return IsFailing ? Results.StatusCode(500)
                : Tenants.TryGetValue(lookup.PhoneNumber, out var settings) ? Results.Json(settings, ContractJson.Options)
                : Results.Problem(statusCode: 404);
        });
    }

    public ConcurrentDictionary<string, RoutingSettings> Tenants { get; } = new(StringComparer.Ordinal) { [Tenant.Number] = Tenant.Open };

    public ConcurrentQueue<JsonElement> Envelopes { get; } = [];

    public static Guid HoldId { get; } = new("0199f0aa-0000-7000-8000-0000000000ff");

    /// <summary>What is free.</summary>
    public IReadOnlyList<DateTimeOffset> Times { get; set; } = [new(2026, 12, 1, 16, 0, 0, TimeSpan.Zero)];

    public ConcurrentQueue<HoldWanted> Holds { get; } = [];

    public ConcurrentQueue<BookingWanted> Bookings { get; } = [];

    /// <summary>How often the tenant's number was asked for.</summary>
    public int Lookups => _lookups;

    public bool IsFailing { get; set; }

    private IResult Answer(BookingAnswer answer) => IsFailing ? Results.StatusCode(500) : Results.Json(answer, ContractJson.Options);

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
