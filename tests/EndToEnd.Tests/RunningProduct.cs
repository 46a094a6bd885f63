using System.Text.Json;
using KestrelVoice.CallSimulator;
using KestrelVoice.CallSimulator.Recordings;
using KestrelVoice.CallSimulator.Scripts;
using KestrelVoice.CallSimulator.Webhooks;
using KestrelVoice.EndToEnd.Tests.Running;

[assembly: AssemblyFixture(typeof(KestrelVoice.EndToEnd.Tests.RunningProduct))]

namespace KestrelVoice.EndToEnd.Tests;

/// <summary>One product for the tests that do not break it; each test calls from a number of its own.</summary>
public sealed class RunningProduct : IAsyncLifetime
{
    private static readonly TimeSpan SoonAfterwards = TimeSpan.FromSeconds(30);

    // Tests wait for a second attempt, and not for hours.
    private static readonly Dictionary<string, string> Impatience =
        Enumerable.Range(0, 8).ToDictionary(index => $"Webhooks__RetrySchedule__{index}", _ => "00:00:01");

    private readonly HttpClient webhooks = WebhookHttp.CreateClient();
    private TwilioStandIn? twilio;

    internal Stack Stack { get; private set; } = null!;

    internal TwilioStandIn Twilio => twilio ?? throw new InvalidOperationException("The product has not been started.");

    public async ValueTask InitializeAsync()
    {
        Stack = await Stack.StartAsync(Impatience, CancellationToken.None);
        twilio = await TwilioStandIn.StartAsync(Stack.RecordingsFolder, Stack.AccountSid, Stack.TwilioToken, Stack.TwilioUrl.Port);
    }

    public async ValueTask DisposeAsync()
    {
        webhooks.Dispose();
        if (twilio is not null)
            await twilio.DisposeAsync();
        await Stack.DisposeAsync();
    }

    /// <summary>Plays a call and waits until its log tells of that end.</summary>
    /// <remarks>What a busy sidecar did not take at once reaches the host after the call's end, and a booking or a turn may be among it.</remarks>
    /// <returns>The call as <c>GET /api/call-logs/{id}</c> answers it.</returns>
    internal async Task<JsonElement> CallAsync(string from, Func<Webhook, WebhookFault>? faults, CallEnd end, params Step[] steps)
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var caller = new ScriptedCaller(steps);
        var trace = await new SimulatedCall(webhooks, Plan(from, faults), caller).RunAsync(cancellationToken);
        caller.Failure.ShouldBeNull();
        trace.WithoutProblems();

        var words = steps.OfType<Step.Say>().Select(said => said.Words).ToList();
        var item = await Eventually.Get(
            async () => (await Stack.GetAsync("/api/call-logs?limit=100", cancellationToken)).GetProperty("data").EnumerateArray()
                .SingleOrDefault(call => call.GetProperty("phone_number").GetString() == from),
            call => call.ValueKind == JsonValueKind.Object && CallEnd.Of(call) == end
                && words.TrueForAll(said => (call.GetProperty("transcript").GetString() ?? "").Contains(said, StringComparison.Ordinal)),
            SoonAfterwards, () => Stack.Host.Log, cancellationToken);
        return await Stack.GetAsync($"/api/call-logs/{item.GetProperty("id").GetString()}", cancellationToken);
    }

    private CallPlan Plan(string from, Func<Webhook, WebhookFault>? faults) => new()
    {
        VoiceUrl = CallPlan.VoiceUrlOf(Stack.VoiceUrl.ToString()),
        AccountSid = Stack.AccountSid,
        AuthToken = Stack.TwilioToken,
        From = from,
        To = Stack.Demo.PhoneNumber,
        Seed = from.GetHashCode(StringComparison.Ordinal),
        StartsAt = TimeProvider.System.GetUtcNow(),
        RecordingsFolder = Stack.RecordingsFolder,
        ApiBaseUrl = Stack.TwilioUrl.ToString(),
        Faults = faults,
    };
}

/// <summary>How a call ended, as its log tells.</summary>
internal sealed record CallEnd(string Status, string Outcome, bool Emergency = false)
{
    public static CallEnd Of(JsonElement call) => new(
        call.GetProperty("status").GetString()!, call.GetProperty("outcome").GetString() ?? "", call.GetProperty("emergency").GetBoolean());
}
