using System.Text;
using FsCheck;
using FsCheck.Fluent;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Receptionist;
using KestrelVoice.Voice.Tests.Twilio;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Tests.Receptionist;

public sealed class ConversationProperties
{
    // Twenty inputs, two silences before each, a dial, a voicemail, and some to spare.
    private const int MaxRequests = 70;

    private static readonly string[] Utterances =
    [
        "my sink is clogged", "yes", "no", "bye", "hello", "human", "leave a message", "gas leak", "burst pipe", "never mind", "\uD800", "\0", "🚰", " ",
        new('x', 5000), "<Hangup/>", "]]>",
        "book an appointment", "the first one", "later", "Dana Whitfield", "Tuesday at nine",
    ];

    private static readonly string[] Keys = ["0", "1", "2", "3", "4", "5", "9", "#", "00", "*", ""];
    private static readonly string[] DialResults = ["completed", "busy", "no-answer", "failed", "canceled"];

    private static readonly RoutingSettings?[] Tenants =
    [
        Tenant.Open, Tenant.Closed, null, Tenant.Open with { PersonNumber = null }, Tenant.Open with { OnCallNumber = null, PersonNumber = null },
        Tenant.Open with { RecordCalls = false, RingSeconds = -3, Language = "", EmergencyPhrases = [] },
        Tenant.Closed with { OnCallNumber = "not a number", BusinessName = "<&>\"\u0001", Greeting = new string('g', 100_000), RingSeconds = 10_000 },
        Tenant.Booking, Tenant.Booking with { Services = [Tenant.Repair], TimeZone = "Nowhere/Nothing" }, Tenant.Booking with { OpeningHours = [] },
        Tenant.Open with { Services = [.. Enumerable.Range(0, 8).Select(i => new BookableService(Guid.Empty, new string('<', 100) + i))] },
        Tenant.Open with { EmergencyPhrases = [.. Enumerable.Range(0, 300).Select(i => new string('&', 200) + i + ",")] },
    ];

    [Fact]
    public void However_callers_behave_each_call_ends_well() => Prop
        .ForAll(Calls(), call => Walk(call) is var line && line.IsOver)
        .Check(Config.QuickThrowOnFailure.WithMaxTest(400).WithQuietOnSuccess(true));

    [Fact]
    public void No_sequence_number_and_no_id_stands_for_two_events() => Prop
        .ForAll(Calls(), call =>
        {
            var events = Walk(call).Events;
            return events.DistinctBy(callEvent => callEvent.Sequence).Count() == events.Count
                && events.DistinctBy(callEvent => callEvent.EventId).Count() == events.Count;
        })
        .Check(Config.QuickThrowOnFailure.WithMaxTest(400).WithQuietOnSuccess(true));

    [Fact]
    public void What_was_said_to_be_booked_is_booked_and_nothing_else() => Prop
        .ForAll(Calls(), call =>
        {
            var calendar = Calendar.HalfHours(8);
            var line = Walk(call, calendar);
            return calendar.Booked.SequenceEqual(line.Events.OfType<AppointmentBookedInCall>().Select(booked => booked.StartsAt));
        })
        .Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithQuietOnSuccess(true));

    [Fact]
    public void Events_are_numbered_in_the_order_in_which_they_happened() => Prop
        .ForAll(Calls(), call => Walk(call).Events is var events && events.SequenceEqual(events.OrderBy(callEvent => callEvent.Sequence)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithQuietOnSuccess(true));

    [Fact]
    public void Every_document_is_one_that_Twilio_takes() => Prop
        .ForAll(Calls(), call => Walk(call).Documents.All(document =>
            Encoding.UTF8.GetByteCount(document.ToString()) < TwiML.MaxDocumentBytes
            && document.Descendants("Say").All(say => say.Value.Length is > 0 and < 4096)
            && document.Descendants("Gather").Concat(document.Descendants("Record")).Concat(document.Descendants("Dial")).All(verb => verb.Attribute("action") is not null)
            && document.Descendants("Dial").All(dial => (int)dial.Attribute("timeout")! is >= 5 and <= 60)))
        .Check(Config.QuickThrowOnFailure.WithMaxTest(200).WithQuietOnSuccess(true));

    [Fact]
    public async Task Every_document_of_a_flow_is_what_the_stock_library_builds()
    {
        var documents = Gen.Sample(Calls().Generator, 60).SelectMany(call => Walk(call).Documents).DistinctBy(document => document.ToString()).ToArray();

        var theirs = await TwilioOracle.AskAsync(documents.Select(TwilioOracle.Rebuild), TestContext.Current.CancellationToken);

        documents.Length.ShouldBeGreaterThan(30);
        for (var i = 0; i < documents.Length; i++)
            TwilioOracle.Canonical(documents[i]).ShouldBe(TwilioOracle.Canonical(System.Xml.Linq.XDocument.Parse(theirs[i].GetString()!).Root!));
    }

    private static Arbitrary<(int Tenant, int[] Choices)> Calls() => Arb.From(
        from tenant in Gen.Choose(0, Tenants.Length - 1)
        from choices in Gen.ArrayOf(Gen.Choose(0, 9999), MaxRequests)
        select (tenant, choices));

    private static SimulatedLine Walk((int Tenant, int[] Choices) call, Calendar? given = null)
    {
        var calendar = given ?? Calendar.HalfHours(call.Choices[0] % 12);
        var line = new SimulatedLine(Tenants[call.Tenant], calendar);
        foreach (var choice in call.Choices.TakeWhile(_ => !line.IsOver))
        {
            calendar.IsAway = choice % 19 == 0;
            if (choice % 13 == 0)
                calendar.Take(Calendar.Eight.AddMinutes(30 * (choice % 12)));
            Step(line, choice);
        }
        return line;
    }

    private static void Step(SimulatedLine line, int choice)
    {
        var hangsUp = choice % 17 == 0;
        if (line.Dial is not null)
        {
            var result = DialResults[choice % DialResults.Length];
            line.DialEnds(result, bridged: result == "completed" && choice % 2 == 0, seconds: choice % 100, hangsUp);
            return;
        }
        if (line.Gather is null || (line.Record is not null && choice % 3 == 0))
        {
            line.LeavesVoicemail(choice % 4, hangsUp);
            return;
        }
        var input = (choice % 4) switch
        {
            0 => CallerInput.Of(Keys[choice / 4 % Keys.Length], null, null),
            1 => CallerInput.Silence,
            _ => CallerInput.Of(null, Utterances[choice / 4 % Utterances.Length], choice / 5000.0),
        };
        line.Hears(input, hangsUp);
    }
}
