using System.Text.Json;
using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Scripts;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.EndToEnd.Tests;

/// <summary>What an integrator sees of a phone call.</summary>
public sealed class WebhookTests(RunningProduct product)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_call_arrives_signed_and_its_emergency_does_too()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await RegisterAsync(receiver, WebhookReceiver.Healthy);

        var call = await product.CallAsync("+15035551101", null, new("completed", "escalated", Emergency: true),
            new Step.Say("A pipe burst and my basement is flooding"),
            new Step.Dial(RingMove.Answered(talkSeconds: 40)));

        var effects = await Eventually.Get(
            () => Task.FromResult(receiver.EffectsOf(WebhookReceiver.Healthy).Values.Where(body => CallOf(body) == call.GetProperty("id").GetString()).ToList()),
            arrived => arrived.Count == 2, Soon, () => product.Stack.Host.Log, Token);
        var completed = effects.Single(body => EventOf(body) == "call.completed").GetProperty("data");
        completed.GetProperty("outcome").GetString().ShouldBe("escalated");
        completed.GetProperty("phone_number").GetString().ShouldBe("+15035551101");
        completed.GetProperty("duration").GetInt32().ShouldBe(call.GetProperty("duration").GetInt32());
        completed.GetProperty("transcript").GetString().ShouldBe(call.GetProperty("transcript").GetString());
        effects.Count(body => EventOf(body) == "emergency.detected").ShouldBe(1);
        receiver.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_could_not_be_delivered_arrives_once_the_receiver_is_back()
    {
        var port = Ports.Take();
        var endpoint = await product.Stack.PostAsync("/api/webhooks", new { url = $"http://127.0.0.1:{port}/{WebhookReceiver.Healthy}", events = new[] { "call.missed" } }, Token);
        var call = await product.CallAsync("+15035551102", null, new("missed", "abandoned"), new Step.HangUp());
        await MessageOfAsync(endpoint, call, message => Attempts(message).Any(attempt => attempt.GetProperty("error").GetString() == "connect"));

        await using var receiver = await WebhookReceiver.StartAsync(port);
        receiver.Expect(WebhookReceiver.Healthy, endpoint.GetProperty("secret").GetString()!);
        var message = await MessageOfAsync(endpoint, call, message => message.GetProperty("state").GetString() == "delivered");

        receiver.EffectsOf(WebhookReceiver.Healthy).Values.Count(body => CallOf(body) == call.GetProperty("id").GetString()).ShouldBe(1);
        receiver.Complaints.ShouldBeEmpty();
        Attempts(message).Last().GetProperty("status").GetInt32().ShouldBe(200);
    }

    [Fact]
    public async Task Attempts_that_failed_are_in_the_log_with_their_times_and_answers()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await RegisterAsync(receiver, WebhookReceiver.Broken, "call.completed");
        var call = await product.CallAsync("+15035551103", null, new("completed", "message_taken"), new Step.Say("My tap drips, please call me back"), new Step.Say("No, that is all"));

        var message = await MessageOfAsync(endpoint, call, message => Attempts(message).Count(HasEnded) >= 3);

        Attempts(message).Select(attempt => attempt.GetProperty("number").GetInt32()).Take(3).ShouldBe([1, 2, 3]);
        foreach (var attempt in Attempts(message).Take(3))
        {
            attempt.GetProperty("status").GetInt32().ShouldBe(500);
            attempt.GetProperty("response_body").GetString().ShouldBe("out of order");
        }
        var times = Attempts(message).Select(attempt => attempt.GetProperty("started_at").GetDateTimeOffset()).ToList();
        times.ShouldBe(times.Order());
        receiver.Complaints.ShouldBeEmpty();
    }

    private async Task<JsonElement> RegisterAsync(WebhookReceiver receiver, string endpoint, params string[] events)
    {
        var url = new Uri(receiver.Url, endpoint);
        var created = await product.Stack.PostAsync("/api/webhooks", events.Length > 0 ? new { url, events } : new { url }, Token);
        receiver.Expect(endpoint, created.GetProperty("secret").GetString()!);
        return created;
    }

    // The endpoint's message about this call, once it is as wanted.
    private async Task<JsonElement> MessageOfAsync(JsonElement endpoint, JsonElement call, Func<JsonElement, bool> wanted)
    {
        var messages = $"/api/webhooks/{endpoint.GetProperty("id").GetString()}/messages";
        return await Eventually.Get(
            async () =>
            {
                foreach (var item in (await product.Stack.GetAsync(messages, Token)).GetProperty("data").EnumerateArray())
                {
                    var message = await product.Stack.GetAsync($"{messages}/{item.GetProperty("id").GetString()}", Token);
                    if (CallOf(message.GetProperty("payload")) == call.GetProperty("id").GetString())
                        return message;
                }
                return default;
            },
            message => message.ValueKind == JsonValueKind.Object && wanted(message),
            Soon, () => product.Stack.Host.Log, Token);
    }

    private static bool HasEnded(JsonElement attempt) => attempt.GetProperty("duration_ms").ValueKind == JsonValueKind.Number;

    private static List<JsonElement> Attempts(JsonElement message) => [.. message.GetProperty("attempts").EnumerateArray()];

    private static string? EventOf(JsonElement body) => body.GetProperty("event").GetString();

    private static string? CallOf(JsonElement body) => body.GetProperty("data").GetProperty("call_id").GetString();

    private static CancellationToken Token => TestContext.Current.CancellationToken;
}
