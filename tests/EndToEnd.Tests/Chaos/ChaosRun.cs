using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using KestrelVoice.CallSimulator;
using KestrelVoice.CallSimulator.Webhooks;
using KestrelVoice.Contracts;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.EndToEnd.Tests.Chaos;

/// <summary>Calls go on while every process of the product is killed, at random, again and again; then everything may settle.</summary>
public sealed class ChaosRun : IAsyncLifetime
{
    private const int CallsAtOnce = 3;

    // Simulated calls take no time: if they were not held back, one long outage could see all of them.
    private const int MostCallsInAnOutage = 15;
    private const int MostCallsBeforeAKill = 25;
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(500);
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("KESTREL_CHAOS_SEED") ?? "20261123", CultureInfo.InvariantCulture);

    internal static readonly int Calls = int.Parse(Environment.GetEnvironmentVariable("KESTREL_CHAOS_CALLS") ?? "200", CultureInfo.InvariantCulture);

    // As many attempts as in production, and closer together: a test cannot wait for hours.
    internal static readonly Dictionary<string, string> Patience = new()
    {
        ["Webhooks__RetrySchedule__0"] = "00:00:00.5",
        ["Webhooks__RetrySchedule__1"] = "00:00:01",
        ["Webhooks__RetrySchedule__2"] = "00:00:02",
        ["Webhooks__RetrySchedule__3"] = "00:00:02",
        ["Webhooks__RetrySchedule__4"] = "00:00:05",
        ["Webhooks__RetrySchedule__5"] = "00:00:05",
        ["Webhooks__RetrySchedule__6"] = "00:00:10",
        ["Webhooks__RetrySchedule__7"] = "00:00:20",
    };

    private int callsAdmitted = Calls;
    private int callsBegun;
    private int callsUnderstood;

    internal Stack Stack { get; private set; } = null!;

    internal WebhookReceiver Receiver { get; private set; } = null!;

    internal CallTrace[] Traces { get; } = new CallTrace[Calls];

    internal IReadOnlyList<string> Killed { get; private set; } = [];

    /// <summary>What the caller said and Twilio was told is taken.</summary>
    internal static IEnumerable<string> TurnsAnswered(CallTrace trace) => trace.Entries.OfType<WebhookSent>()
        .Where(sent => sent is { Failure: null, Webhook.Kind: WebhookKind.Action })
        .Select(sent => sent.Webhook["SpeechResult"])
        .OfType<string>();

    public async ValueTask InitializeAsync()
    {
        Stack = await Stack.StartAsync(Patience, CancellationToken.None);
        Receiver = await WebhookReceiver.StartAsync();
        foreach (var endpoint in new[] { WebhookReceiver.Healthy, WebhookReceiver.Flaky, WebhookReceiver.Slow })
            await RegisterAsync(endpoint);

        using var http = WebhookHttp.CreateClient();
        await UntilNumbersAreLookedUpAsync(http);
        using var calling = new CancellationTokenSource();
        var kills = KillAtRandomAsync(calling.Token);
        await Parallel.ForAsync(0, Calls, new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce }, async (index, token) =>
        {
            await Eventually.Is(() => Task.FromResult(index < Volatile.Read(ref callsAdmitted)), Settling, () => Stack.Voice.Log, token);
            Interlocked.Increment(ref callsBegun);
            Traces[index] = await new SimulatedCall(http, Plan(index), new WordyCaller(index, Seed)).RunAsync(token);
            if (TurnsAnswered(Traces[index]).Any())
                Interlocked.Increment(ref callsUnderstood);
        });
        await calling.CancelAsync();
        Killed = await kills;
        await Stack.ReadyAsync(CancellationToken.None);
        await SettleAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Receiver.DisposeAsync();
        await Stack.DisposeAsync();
    }

    private async Task RegisterAsync(string endpoint)
    {
        var url = new Uri(Receiver.Url, endpoint);
        var created = await Stack.PostAsync("/api/webhooks", new { url, description = endpoint, rate_limit = 100 }, CancellationToken.None);
        Receiver.Expect(endpoint, created.GetProperty("secret").GetString()!);
    }

    // If the first look-up took too long, all calls would be over before the breaker closed again.
    private Task UntilNumbersAreLookedUpAsync(HttpClient http) => Eventually.Is(
        async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Stack.VoiceSidecar, $"/v1.0/invoke/{AppIds.Host}/method{InternalRoutes.Routing}"))
            {
                Headers = { { "dapr-api-token", Stack.DaprToken } },
                Content = JsonContent.Create(new RoutingLookup(Stack.Demo.PhoneNumber), options: ContractJson.Options),
            };
            var began = Stopwatch.GetTimestamp();
            using var response = await http.SendAsync(request, CancellationToken.None);
            return response.IsSuccessStatusCode && Stopwatch.GetElapsedTime(began) < Soon;
        },
        Settling, () => Stack.Host.Log, CancellationToken.None);

    // One process at a time dies, each as often as the others. Between them some calls get through undisturbed, the first of which tells whose number it is:
    // else, on a slow day, nobody would know when the host dies, and every call of the run could end in a voicemail before it is back.
    private async Task<List<string>> KillAtRandomAsync(CancellationToken calling)
    {
        var random = new Random(Seed);
        var killed = new List<string>();
        try
        {
            while (true)
            {
                foreach (var victim in Shuffled(random))
                {
                    await UntilUnderstoodAsync(random.Next(1, MostCallsBeforeAKill + 1), calling);
                    Volatile.Write(ref callsAdmitted, Volatile.Read(ref callsBegun) + MostCallsInAnOutage);
                    killed.Add(victim);
                    await KillAsync(victim);
                    await Stack.ReadyAsync(CancellationToken.None);
                    Volatile.Write(ref callsAdmitted, Calls);
                }
            }
        }
        catch (OperationCanceledException) when (calling.IsCancellationRequested)
        {
            return killed;
        }
    }

    private Task UntilUnderstoodAsync(int calls, CancellationToken calling)
    {
        var enough = Volatile.Read(ref callsUnderstood) + calls;
        return Eventually.Is(() => Task.FromResult(Volatile.Read(ref callsUnderstood) >= enough), Settling, () => Stack.Voice.Log, calling);
    }

    private static string[] Shuffled(Random random)
    {
        string[] victims = ["host", "voice", "sidecars", "postgres"];
        random.Shuffle(victims);
        return victims;
    }

    private async Task KillAsync(string victim)
    {
        var process = victim switch { "host" => Stack.Host, "voice" => Stack.Voice, "sidecars" => Stack.Sidecars, _ => null };
        if (process is null)
        {
            await Stack.RestartPostgresAsync(CancellationToken.None);
            return;
        }
        await process.KillAsync(CancellationToken.None);
        process.Start();
    }

    // Every call has ended, every event was told, and no message waits for anything any more.
    private async Task SettleAsync() => await Eventually.Get(
        () => Stack.QueryAsync(
            """
            select (select count(*) from call_logs where status <> 'in-progress'),
                   (select count(*) from tenant_events where type in ('call.completed', 'call.missed')),
                   (select count(*) from outbox),
                   (select count(*) from webhook_messages where state in ('pending', 'retrying'))
            """, async rows =>
            {
                await rows.ReadAsync();
                return (Ended: rows.GetInt64(0), Told: rows.GetInt64(1), Outbox: rows.GetInt64(2), Waiting: rows.GetInt64(3));
            }, CancellationToken.None),
        seen => seen == (Calls, Calls, 0, 0) && Directory.GetFiles(Stack.SpoolFolder).Length == 0,
        Settling,
        () => string.Join("\n", new[] { Stack.Sidecars, Stack.Host, Stack.Voice }.Select(process => $"--- {process.Name}, started {process.Starts} times\n{process.Log}")),
        CancellationToken.None);

    private CallPlan Plan(int index) => new()
    {
        VoiceUrl = CallPlan.VoiceUrlOf(Stack.VoiceUrl.ToString()),
        AccountSid = Stack.AccountSid,
        AuthToken = Stack.TwilioToken,
        From = string.Create(CultureInfo.InvariantCulture, $"+1503555{2000 + index:0000}"),
        To = Stack.Demo.PhoneNumber,
        Seed = Seed + index,
        StartsAt = TimeProvider.System.GetUtcNow(),
        RecordingsFolder = Stack.RecordingsFolder,
        // Five retries that fill the 15 s Twilio gives a webhook.
        RetryPause = TimeSpan.FromMilliseconds(350),
        ApiBaseUrl = Stack.TwilioUrl.ToString(),
    };
}
