using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Calls;

namespace KestrelVoice.Features.Tests.Webhooks.Delivery;

/// <summary>What tests of delivery say often.</summary>
internal static class Delivering
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private const string UnderWay = "select exists (select from webhook_messages where leased_until > @Now)";
    private static int calls = 1_000_000;

    /// <summary>A call that is over, or an emergency, told to whoever subscribed.</summary>
    public static async Task GivenATold(this KestrelVoiceApp app, TestTenant tenant, string type = "call.completed", int times = 1)
    {
        var call = new PhoneCall(tenant, Interlocked.Increment(ref calls), app.Clock.GetUtcNow());
        await app.GivenACall(type switch
        {
            "emergency.detected" => [call.Says("A burst pipe!"), call.Emergency()],
            "call.missed" => [call.Ended("no-answer", 0)],
            _ => [call.Says("My sink drips."), call.Ended()],
        });
        await app.Relay(times);
    }

    /// <summary>So many calls that are over, told in the same moment.</summary>
    public static async Task GivenToldTogether(this KestrelVoiceApp app, TestTenant tenant, int count)
    {
        var over = Enumerable.Range(0, count).Select(_ => new PhoneCall(tenant, Interlocked.Increment(ref calls), app.Clock.GetUtcNow()));
        await app.GivenACall(over.SelectMany(call => new CallEvent[] { call.Says("My sink drips."), call.Ended() }));
        await app.Relay();
    }

    public static async Task<JsonElement> MessagesOf(this HttpClient client, JsonElement endpoint) =>
        await client.ReadAsync($"/api/webhooks/{endpoint.Id()}/messages?limit=100");

    /// <summary>An endpoint's only message, with its attempts.</summary>
    public static async Task<JsonElement> MessageOf(this HttpClient client, JsonElement endpoint)
    {
        var message = (await client.MessagesOf(endpoint)).Data().ShouldHaveSingleItem();
        return await client.ReadAsync($"/api/webhooks/{endpoint.Id()}/messages/{message.Id()}");
    }

    public static IReadOnlyList<JsonElement> Attempts(this JsonElement message) => [.. message.GetProperty("attempts").EnumerateArray()];

    public static string State(this JsonElement message) => message.GetProperty("state").GetString()!;

    /// <summary>Waits until it is so, without letting the clock move.</summary>
    public static Task Eventually(this KestrelVoiceApp app, Func<Task<bool>> holds, string what) => app.Eventually(TimeSpan.Zero, holds, what);

    /// <summary>
    /// Waits until it is so, and lets the clock move meanwhile: by so much, again and again, except while something is being sent.
    /// A step is shorter than the patience of whoever sends, so that a test's haste is never taken for a slow receiver.
    /// </summary>
    public static async Task Eventually(this KestrelVoiceApp app, TimeSpan step, Func<Task<bool>> holds, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(Deadline, what);
            await Task.Delay(10, TestContext.Current.CancellationToken);
            if (step > TimeSpan.Zero && !await app.Scalar<bool>(UnderWay, new { Now = app.Clock.GetUtcNow().UtcDateTime }))
                app.Clock.Advance(step);
        }
    }

    public static Task Until(this KestrelVoiceApp app, HttpClient client, JsonElement endpoint, string state, TimeSpan step = default) => app.Eventually(
        step, async () => (await client.MessagesOf(endpoint)).Data() is { Count: > 0 } messages && messages.All(message => message.State() == state),
        $"all messages {state}");

    public static Task UntilReceived(this KestrelVoiceApp app, WebhookReceiver receiver, int count, TimeSpan step = default) =>
        app.Eventually(step, () => Task.FromResult(receiver.Received.Count >= count), $"{count} requests");

    public static Guid Bare(this JsonElement endpoint) => TypeId.Parse(endpoint.Id().Split('_')[0], endpoint.Id());

    public static async Task<T> Scalar<T>(this KestrelVoiceApp app, string sql, object parameters)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        return (await connection.ExecuteScalarAsync<T>(sql, parameters))!;
    }

    public static async Task Execute(this KestrelVoiceApp app, string sql, object parameters)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(sql, parameters);
    }
}
