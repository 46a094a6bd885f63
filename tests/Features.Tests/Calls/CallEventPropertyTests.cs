using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;

namespace KestrelVoice.Features.Tests.Calls;

/// <summary>Delivery promises neither order nor once.</summary>
public sealed class CallEventPropertyTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static readonly Guid Tenant = new("0195f3a0-0000-7000-8000-000000000001");
    private static readonly Config Pure = Config.QuickThrowOnFailure.WithMaxTest(300).WithQuietOnSuccess(true);

    [Fact]
    public void What_is_known_of_a_call_does_not_depend_on_order_or_repetition()
    {
        Check.One(Pure, Prop.ForAll(Calls().ToArbitrary(), call =>
        {
            var inOrder = Known(call.Events);
            var delivered = Known(call.Deliveries);

            delivered.ShouldBe(inOrder);
        }));
    }

    [Fact]
    public void A_call_is_over_exactly_when_its_end_is_known() =>
        Check.One(Pure, Prop.ForAll(Calls().ToArbitrary(), call =>
        {
            var (status, outcome) = CallOutcomes.Decide(CallFacts.From(call.Deliveries));

            (status == CallStatus.InProgress).ShouldBe(!call.Events.OfType<CallEnded>().Any());
            (outcome is null).ShouldBe(status == CallStatus.InProgress);
        }));

    [Fact]
    public void What_is_stored_reads_back_as_it_was() =>
        Check.One(Pure, Prop.ForAll(Calls().ToArbitrary(), call =>
            call.Events.Select(callEvent => StoredCallEvent.Of(callEvent).Read()).ShouldBe(call.Events)));

    [Fact]
    public async Task Any_delivery_of_a_call_makes_the_same_call_log()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var expected = new Dictionary<string, string>();
        foreach (var (call, number) in Calls(tenant.Id, tenant.Number).Sample(25, 8).Select((call, index) => (call, index)))
        {
            var sid = $"CA{number + 1:x32}";
            foreach (var callEvent in call.Deliveries)
                await (await app.Deliver(Renamed(callEvent, sid))).ShouldBe(System.Net.HttpStatusCode.OK);
            expected[sid] = Known(call.Events.Select(callEvent => Renamed(callEvent, sid)));
        }

        var list = await client.ReadAsync("/api/call-logs?limit=100");

        list.Total().ShouldBe(expected.Count);
        var actual = new List<string>();
        foreach (var item in list.Data())
            actual.Add(Shown(await client.ReadAsync("/api/call-logs/" + item.Id())));
        actual.Order().ShouldBe(expected.Values.Order());
    }

    private static string Known(IEnumerable<CallEvent> events)
    {
        var facts = CallFacts.From(events);
        var (status, outcome) = CallOutcomes.Decide(facts);
        return string.Join('|',
            CallStatusText.Of(status), outcome is { } known ? CallOutcomeText.Of(known) : null, facts.Emergency, facts.Ended?.DurationSeconds ?? 0,
            CallTranscript.Of(facts), CallSummary.Of(facts, outcome), facts.RecordingSid is not null, CallTurn.Of(facts).Count,
            string.Join(',', CallDecision.Of(facts).Select(decision => decision.Reason)));
    }

    private static string Shown(JsonElement detail) => string.Join('|',
        detail.GetProperty("status").GetString(), detail.GetProperty("outcome").GetString(), detail.GetProperty("emergency").GetBoolean(),
        detail.GetProperty("duration").GetInt32(), detail.GetProperty("transcript").GetString(), detail.GetProperty("summary").GetString(),
        detail.GetProperty("recording_url").ValueKind == JsonValueKind.String, detail.GetProperty("turns").GetArrayLength(),
        string.Join(',', detail.GetProperty("decisions").EnumerateArray().Select(decision => decision.GetProperty("reason").GetString())));

    private static CallEvent Renamed(CallEvent callEvent, string sid) => callEvent with
    {
        EventId = sid + callEvent.EventId[callEvent.EventId.IndexOf(':', StringComparison.Ordinal)..],
        Call = callEvent.Call with { CallSid = sid },
    };

    /// <summary>A call that may lack any part, and one way in which a broker might hand it over.</summary>
    private static Gen<Delivered> Calls(Guid? tenant = null, string number = "+15035550100") =>
        from shape in Gen.Choose(0, 8).ListOf()
        from size in Gen.Choose(1, 12)
        from withEnd in Gen.Elements(true, true, false)
        from seed in Gen.Choose(0, int.MaxValue)
        select Delivered.Make(tenant ?? Tenant, number, [.. shape.Take(size)], withEnd, new Random(seed));

    private sealed record Delivered(IReadOnlyList<CallEvent> Events, IReadOnlyList<CallEvent> Deliveries)
    {
        public static Delivered Make(Guid tenant, string number, IReadOnlyList<int> shape, bool withEnd, Random random)
        {
            var call = new PhoneCall(tenant, number, 1, KestrelVoiceApp.Noon);
            List<CallEvent> events = [call.Started(openNow: random.Next(2) == 0), .. shape.Select(part => Part(call, part, random))];
            if (withEnd)
                events.Add(call.Ended(random.Next(6) == 0 ? "no-answer" : "completed", random.Next(300)));
            var deliveries = events.Concat(events.Where(_ => random.Next(2) == 0)).ToArray();
            random.Shuffle(deliveries);
            return new Delivered(events, deliveries);
        }

        private static CallEvent Part(PhoneCall call, int part, Random random) => part switch
        {
            0 => call.Hears("How can I help?"),
            1 => call.Says("There is a burst pipe. Please hurry!"),
            2 => call.Presses("0"),
            3 => call.Emergency(),
            4 => call.Dials(DialTarget.Person, bridged: random.Next(2) == 0),
            5 => call.Dials(DialTarget.OnCall, bridged: random.Next(2) == 0),
            6 => call.Voicemail(random.Next(0, 5), number: random.Next(1, 3)),
            7 => call.Books(),
            _ => call.Recording(
                random.Next(2) == 0 ? RecordingKind.Call : RecordingKind.Voicemail, available: random.Next(3) > 0, number: random.Next(1, 3)),
        };
    }
}
