using System.Globalization;
using System.Text;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.Bench;

/// <summary>Calls that end as completed, each of which is one event for every webhook endpoint.</summary>
internal static class CompletedCalls
{
    private static readonly string[] Subscribed = ["call.completed"];

    public static async Task PublishAsync(Stack stack, HttpClient client, int calls, string mark, int connections, CancellationToken cancellationToken) =>
        await Parallel.ForAsync(0, calls, new ParallelOptions { MaxDegreeOfParallelism = connections, CancellationToken = cancellationToken }, async (call, token) =>
        {
            var sid = string.Create(CultureInfo.InvariantCulture, $"CA{mark}{call:x28}");
            var at = TimeProvider.System.GetUtcNow();
            var header = new CallHeader(sid, "AC" + new string('0', 32), Guid.Parse(stack.Demo.TenantId), "+15035557777", stack.Demo.PhoneNumber, "inbound", at);
            CallEvent[] events =
            [
                new TurnSpoken($"{sid}-1", header, 1, at, Speaker.Caller, "The water heater leaks and I would like somebody to look at it.", 0.9, Keys: false),
                new CallEnded($"{sid}-2", header, 2, at, "completed", 42, null),
            ];
            foreach (var callEvent in events)
            {
                using var request = new HttpRequestMessage(
                    HttpMethod.Post,
                    new Uri(stack.VoiceSidecar, $"/v1.0/publish/{Components.PubSub}/{Topics.Calls}?metadata.cloudevent.id={callEvent.EventId}&metadata.cloudevent.type={CallEventTypes.Of(callEvent)}&metadata.partitionKey={sid}"))
                {
                    Headers = { { "dapr-api-token", stack.DaprToken } },
                    Content = new StringContent(JsonSerializer.Serialize(callEvent, callEvent.GetType(), ContractJson.Options), Encoding.UTF8, "application/json"),
                };
                using var response = await client.SendAsync(request, token);
                response.EnsureSuccessStatusCode();
            }
        });

    /// <summary>Endpoints of the demo tenant, as many as an account may have, as fast as they may be.</summary>
    public static async Task<IReadOnlyList<string>> SubscribeAsync(Stack stack, Uri receiver, int endpoints, CancellationToken cancellationToken)
    {
        var secrets = new List<string>();
        for (var number = 0; number < endpoints; number++)
        {
            var created = await stack.PostAsync(
                "/api/webhooks", new { url = new Uri(receiver, $"/{number}"), events = Subscribed, rate_limit = 100 }, cancellationToken);
            secrets.Add(created.GetProperty("secret").GetString()!);
        }
        return secrets;
    }
}
