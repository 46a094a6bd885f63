using System.Text.Json;
using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Scripts;
using KestrelVoice.CallSimulator.Webhooks;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.EndToEnd.Tests;

public sealed class PhoneCallTests(RunningProduct product)
{
    [Fact]
    public async Task A_burst_pipe_reaches_the_one_on_call_and_the_call_log()
    {
        var call = await product.CallAsync("+15035551001", null, new("completed", "escalated", Emergency: true),
            new Step.Say("Hello, a pipe burst and my basement is flooding"),
            new Step.Dial(RingMove.Answered(talkSeconds: 40)));

        Turns(call).ShouldContain("Hello, a pipe burst and my basement is flooding");
        call.GetProperty("transcript").GetString()!.ShouldContain("basement is flooding");
        call.GetProperty("summary").GetString().ShouldNotBeNullOrWhiteSpace();
    }

    [Fact]
    public async Task A_caller_who_asks_for_a_person_is_put_through()
    {
        await product.CallAsync("+15035551002", null, new("completed", "transferred"), new Step.Press("0"), new Step.Dial(RingMove.Answered(talkSeconds: 25)));
    }

    [Fact]
    public async Task Nobody_answers_and_the_voicemail_can_be_listened_to()
    {
        var call = await product.CallAsync("+15035551003", null, new("completed", "voicemail"),
            new Step.Press("0"), new Step.Dial(new RingMove(RingResult.NoAnswer)), new Step.Record(new Message(6, MessageEnd.HangUp)));

        using var client = new HttpClient();
        using var request = product.Stack.Request(HttpMethod.Get, call.GetProperty("recording_url").GetString()!);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        response.EnsureSuccessStatusCode();
        var sound = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        sound[..4].ShouldBe("RIFF"u8.ToArray());
    }

    [Fact]
    public async Task A_caller_who_hangs_up_during_the_greeting_was_missed()
    {
        await product.CallAsync("+15035551004", null, new("missed", "abandoned"), new Step.HangUp());
    }

    [Fact]
    public async Task Callbacks_that_come_twice_and_late_change_nothing()
    {
        static WebhookFault Twice(Webhook webhook) => webhook.Kind is WebhookKind.CallStatus or WebhookKind.RecordingStatus
            ? new WebhookFault(Copies: 2, Delay: TimeSpan.FromSeconds(webhook.Kind == WebhookKind.RecordingStatus ? 30 : 0), FreshTokens: true)
            : WebhookFault.None;

        var call = await product.CallAsync("+15035551005", Twice, new("completed", "message_taken"),
            new Step.Say("My tap drips, please call me back"), new Step.Say("No, that is all"));

        Turns(call).Count(text => text == "My tap drips, please call me back").ShouldBe(1);
    }

    [Fact]
    public async Task A_completed_call_is_summarised_without_anybody_asking()
    {
        var call = await product.CallAsync("+15035551006", null, new("completed", "message_taken"),
            new Step.Say("My name is Ann Lee and my water heater is leaking at 42 Oak Street"), new Step.Say("No, that is all"));

        var path = $"/api/call-logs/{call.GetProperty("id").GetString()}/summary";
        var summary = await Eventually.Get(
            () => product.Stack.GetAsync(path, TestContext.Current.CancellationToken),
            found => found.GetProperty("status").GetString() == "ready",
            TimeSpan.FromSeconds(60), () => product.Stack.Host.Log, TestContext.Current.CancellationToken);
        summary.GetProperty("customer_name").GetProperty("value").GetString().ShouldBe("Ann Lee");
        summary.GetProperty("address").GetProperty("value").GetString().ShouldBe("42 Oak Street");
        summary.GetProperty("outcome").GetProperty("value").GetString().ShouldBe("message_taken");
    }

    private static List<string?> Turns(JsonElement call) =>
        [.. call.GetProperty("turns").EnumerateArray().Select(turn => turn.GetProperty("text").GetString())];
}
