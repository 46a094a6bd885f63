using System.Globalization;
using KestrelVoice.CallSimulator;
using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Webhooks;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.EndToEnd.Tests;

/// <summary>Calls go on while every process of the product is killed, at random, again and again.</summary>
public sealed class ChaosTests
{
    private const int CallsAtOnce = 3;
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(3);
    private static readonly int Calls = int.Parse(Environment.GetEnvironmentVariable("KESTREL_CHAOS_CALLS") ?? "200", CultureInfo.InvariantCulture);
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("KESTREL_CHAOS_SEED") ?? "20261123", CultureInfo.InvariantCulture);

    [Fact]
    public async Task Killed_processes_lose_no_call_and_double_none()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var stack = await Stack.StartAsync(cancellationToken);
        using var http = WebhookHttp.CreateClient();
        using var calling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var kills = KillAtRandomAsync(stack, calling.Token);

        var traces = new CallTrace[Calls];
        await Parallel.ForAsync(0, Calls, new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = cancellationToken }, async (index, token) =>
            traces[index] = await new SimulatedCall(http, Plan(stack, index), new WordyCaller(index, Seed)).RunAsync(token));
        await calling.CancelAsync();
        var killed = await kills;
        await stack.ReadyAsync(cancellationToken);

        TestContext.Current.TestOutputHelper?.WriteLine($"{Calls} calls, {killed.Count} kills: {string.Join(", ", killed.CountBy(name => name))}");
        killed.Distinct().Count().ShouldBe(4, "a run in which something was spared proves little");
        traces.Where(trace => !trace.StatusDelivered).Select(trace => trace.CallSid).ShouldBeEmpty("Twilio gave up on telling the end of these: restarts took longer than it waits");
        await AllEndedAsync(stack);
        await EveryAnsweredTurnIsThereOnceAsync(stack, traces, cancellationToken);
    }

    // One process at a time dies, each as often as the others. The pauses between let some calls through undisturbed.
    private static async Task<List<string>> KillAtRandomAsync(Stack stack, CancellationToken calling)
    {
        var random = new Random(Seed);
        var killed = new List<string>();
        try
        {
            while (true)
            {
                foreach (var victim in Shuffled(random))
                {
                    await Task.Delay(random.Next(100, 1500), calling);
                    killed.Add(victim);
                    await KillAsync(stack, victim);
                    await stack.ReadyAsync(TestContext.Current.CancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (calling.IsCancellationRequested)
        {
            return killed;
        }
    }

    private static string[] Shuffled(Random random)
    {
        string[] victims = ["host", "voice", "sidecars", "postgres"];
        random.Shuffle(victims);
        return victims;
    }

    private static async Task KillAsync(Stack stack, string victim)
    {
        var process = victim switch { "host" => stack.Host, "voice" => stack.Voice, "sidecars" => stack.Sidecars, _ => null };
        if (process is null)
        {
            await stack.RestartPostgresAsync(TestContext.Current.CancellationToken);
            return;
        }
        await process.KillAsync(TestContext.Current.CancellationToken);
        process.Start();
    }

    private static async Task AllEndedAsync(Stack stack)
    {
        var seen = await Eventually.Get(
            () => stack.QueryAsync("select count(*), count(distinct call_sid), count(*) filter (where status = 'in-progress') from call_logs", async rows =>
            {
                await rows.ReadAsync(TestContext.Current.CancellationToken);
                return (Rows: rows.GetInt64(0), Calls: rows.GetInt64(1), Open: rows.GetInt64(2));
            }, TestContext.Current.CancellationToken),
            seen => seen == (Calls, Calls, 0) && Directory.GetFiles(stack.SpoolFolder).Length == 0,
            Settling,
            () => string.Join("\n", new[] { stack.Sidecars, stack.Host, stack.Voice }.Select(process => $"--- {process.Name}, started {process.Starts} times\n{process.Log}")), TestContext.Current.CancellationToken);
        seen.Rows.ShouldBe(Calls);

        var list = await stack.GetAsync("/api/call-logs?limit=1", TestContext.Current.CancellationToken);
        list.GetProperty("pagination").GetProperty("total").GetInt32().ShouldBe(Calls);
    }

    // What Twilio was told is taken (2xx) must be in the log, and once; what it was not told may be, but never twice.
    private static async Task EveryAnsweredTurnIsThereOnceAsync(Stack stack, CallTrace[] traces, CancellationToken cancellationToken)
    {
        var spoken = await stack.QueryAsync(
            "select call_sid, body->>'text' from call_events where type = 'kestrelvoice.call.turn.v1' and body->>'speaker' = 'caller'", async rows =>
            {
                var turns = new List<(string CallSid, string Text)>();
                while (await rows.ReadAsync(cancellationToken))
                    turns.Add((rows.GetString(0), rows.GetString(1)));
                return turns;
            }, cancellationToken);
        var stored = spoken.ToLookup(turn => turn);

        var answered = traces.SelectMany(trace => trace.Entries.OfType<WebhookSent>()
            .Where(sent => sent is { Failure: null, Webhook.Kind: WebhookKind.Action } && sent.Webhook["SpeechResult"] is not null)
            .Select(sent => (trace.CallSid, Text: sent.Webhook["SpeechResult"]!))).Distinct().ToList();
        answered.Count.ShouldBeGreaterThan(Calls / 4);
        answered.Where(turn => stored[turn].Count() != 1).ShouldBeEmpty();
        stored.Where(turn => turn.Count() > 1).ShouldBeEmpty();
    }

    private static CallPlan Plan(Stack stack, int index) => new()
    {
        VoiceUrl = CallPlan.VoiceUrlOf(stack.VoiceUrl.ToString()),
        AccountSid = stack.AccountSid,
        AuthToken = stack.TwilioToken,
        From = string.Create(CultureInfo.InvariantCulture, $"+1503555{2000 + index:0000}"),
        To = stack.Demo.PhoneNumber,
        Seed = Seed + index,
        StartsAt = TimeProvider.System.GetUtcNow(),
        RecordingsFolder = stack.RecordingsFolder,
        // Five retries that fill the 15 s Twilio gives a webhook.
        RetryPause = TimeSpan.FromMilliseconds(350),
        ApiBaseUrl = stack.TwilioUrl.ToString(),
    };

    /// <summary>Says things that no other call says, sometimes an emergency, sometimes keys; may hang up at any moment.</summary>
    private sealed class WordyCaller(int index, int seed) : Caller
    {
        private static readonly string[] Complaints =
            ["the kitchen tap drips", "a pipe burst in the basement", "can I talk to a person", "the water heater makes a noise", "I smell gas", "no that is all"];

        private readonly Random random = new((seed * 1000) + index);
        private int said;

        public override ValueTask<CallerMove> AnswerAsync(AskedMoment moment, CancellationToken cancellationToken) => new(random.Next(10) switch
        {
            0 => new CallerMove.HangUp(),
            1 when moment.Keys => new CallerMove.Press("0"),
            2 when moment.Keys => new CallerMove.Press("9"),
            3 => CallerMove.Nothing,
            _ when moment.Speech => new CallerMove.Speak($"This is caller {index}, point {++said}: {Complaints[random.Next(Complaints.Length)]}"),
            _ => CallerMove.Nothing,
        });

        public override ValueTask<Message> LeaveMessageAsync(BeepMoment moment, CancellationToken cancellationToken) =>
            new(new Message(random.Next(0, 6), random.Next(2) == 0 ? MessageEnd.HangUp : MessageEnd.Silence));

        public override ValueTask<RingMove> PhoneRingsAsync(RingMoment moment, CancellationToken cancellationToken) =>
            new(random.Next(2) == 0 ? RingMove.Answered(random.Next(5, 60)) : new RingMove(RingResult.NoAnswer));
    }
}
