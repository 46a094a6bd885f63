using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.Bench;

/// <summary>Calls from beginning to end, as the voice app tells of them.</summary>
internal static class CallEvents
{
    public const int EventsACall = 5;

    /// <param name="mark">Four hexadecimal digits that only these calls' SIDs have.</param>
    public static List<CallEvent> Of(Guid tenantId, int calls, string mark) => [.. Enumerable.Range(0, calls).SelectMany(call =>
    {
        var sid = string.Create(CultureInfo.InvariantCulture, $"CA{mark}{call:x28}");
        var at = TimeProvider.System.GetUtcNow();
        var header = new CallHeader(sid, "AC" + new string('0', 32), tenantId, "+15035557777", "+15035550100", "inbound", at);
        return new CallEvent[]
        {
            new CallStarted($"{sid}-0", header, 0, at, null, OpenNow: true, RecordingNoticePlayed: true),
            new TurnSpoken($"{sid}-1", header, 1, at, Speaker.Receptionist, "How can we help?", null, Keys: false),
            new TurnSpoken($"{sid}-2", header, 2, at, Speaker.Caller, "The water heater leaks and I would like somebody to look at it.", 0.9, Keys: false),
            new TurnSpoken($"{sid}-3", header, 3, at, Speaker.Receptionist, "Somebody will call you back.", null, Keys: false),
            new CallEnded($"{sid}-4", header, 4, at, "completed", 42, null),
        };
    })];

    public static HttpRequestMessage Publish(Stack stack, CallEvent callEvent) => new(
        HttpMethod.Post,
        new Uri(stack.VoiceSidecar, $"/v1.0/publish/{Components.PubSub}/{Topics.Calls}?metadata.cloudevent.id={callEvent.EventId}&metadata.cloudevent.type={CallEventTypes.Of(callEvent)}&metadata.partitionKey={callEvent.Call.CallSid}"))
    {
        Headers = { { "dapr-api-token", stack.DaprToken } },
        Content = Json(callEvent),
    };

    public static StringContent Json(CallEvent callEvent) =>
        new(JsonSerializer.Serialize(callEvent, callEvent.GetType(), ContractJson.Options), Encoding.UTF8, "application/json");

    public static async Task<List<double>> SendAsync(
        HttpClient client, List<CallEvent> events, int connections, Func<CallEvent, HttpRequestMessage> request, CancellationToken cancellationToken)
    {
        var latencies = new double[events.Count];
        await Parallel.ForAsync(0, events.Count, new ParallelOptions { MaxDegreeOfParallelism = connections, CancellationToken = cancellationToken }, async (index, token) =>
        {
            var started = Stopwatch.GetTimestamp();
            using var message = request(events[index]);
            using var response = await client.SendAsync(message, token);
            response.EnsureSuccessStatusCode();
            latencies[index] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        });
        return [.. latencies.Order()];
    }
}
