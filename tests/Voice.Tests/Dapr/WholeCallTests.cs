using System.Net;
using System.Text.Json;
using System.Xml.Linq;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Dapr;

/// <summary>Calls with a real sidecar between the voice app and the host's side of the contract.</summary>
public sealed class WholeCallTests : IAsyncLifetime
{
    private readonly LocalSidecars _sidecars = new();
    private HostApp _host = null!;
    private VoiceApp _app = null!;
    private SimulatedTwilio _twilio = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await HostApp.StartAsync(_sidecars.HostPort);
        await _sidecars.StartAsync();
        _app = new VoiceApp(_sidecars.Settings, new UnhurriedClock());
        _twilio = new SimulatedTwilio(_app.Client, _app.Url);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _sidecars.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task A_message_taken_arrives_as_events_in_order()
    {
        var greeting = await _twilio.CallsAsync();
        greeting.Element("Say")!.Value.ShouldContain("Maple Street Plumbing");
        var more = await _twilio.TwiMLAsync(Action(greeting, "Gather"), ("SpeechResult", "My kitchen sink is clogged."), ("Confidence", "0.91"));
        var goodbye = await _twilio.TwiMLAsync(Action(more, "Gather"), ("SpeechResult", "No, that's all."), ("Confidence", "0.95"));
        goodbye.Element("Hangup").ShouldNotBeNull();
        var recording = greeting.Element("Start")!.Element("Recording")!.Attribute("recordingStatusCallback")!.Value;
        (await StatusOf(_twilio.PostAsync(recording, ("RecordingSid", "RE" + new string('a', 32)), ("RecordingStatus", "completed"), ("RecordingDuration", "21"))))
            .ShouldBe(HttpStatusCode.NoContent);
        (await StatusOf(_twilio.StatusAsync("completed", ("CallDuration", "22")))).ShouldBe(HttpStatusCode.NoContent);

        var envelopes = await _host.EnvelopesOfAsync(_twilio.CallSid, 8);
        envelopes.Select(envelope => envelope.GetProperty("type").GetString()).ShouldBe(
        [
            CallEventTypes.Started, CallEventTypes.Turn, CallEventTypes.Recording, CallEventTypes.Turn, CallEventTypes.Turn, CallEventTypes.Turn,
            CallEventTypes.Turn, CallEventTypes.Ended,
        ]);
        foreach (var envelope in envelopes)
        {
            var call = envelope.GetProperty("data").Deserialize<CallEnded>(ContractJson.Options)!;
            envelope.GetProperty("id").GetString().ShouldBe(call.EventId);
            call.Call.TenantId.ShouldBe(Tenant.Id);
            (call.Call.From, call.Call.To, call.Call.Direction).ShouldBe((Tenant.Caller, Tenant.Number, "inbound"));
        }
        envelopes.Select(envelope => envelope.GetProperty("data").GetProperty("call").GetProperty("started_at").GetDateTimeOffset()).Distinct().Count().ShouldBe(1);
        _app.Spooled().ShouldBeEmpty();
    }

    [Fact]
    public async Task An_emergency_reaches_the_host_before_the_phone_rings()
    {
        var greeting = await _twilio.CallsAsync();
        var escalation = await _twilio.TwiMLAsync(Action(greeting, "Gather"), ("SpeechResult", "There is a gas leak!"));

        escalation.Element("Dial")!.Element("Number")!.Value.ShouldBe(Tenant.OnCall);
        var events = await _host.EnvelopesOfAsync(_twilio.CallSid, 5);
        events[3].GetProperty("data").Deserialize<EmergencyDetected>(ContractJson.Options)!.Phrase.ShouldBe("gas leak");
    }

    [Fact]
    public async Task A_number_that_nobody_owns_is_told_so_and_is_no_call()
    {
        var answer = await _twilio.CallsAsync(("To", "+15035550199"));

        answer.Element("Say")!.Value.ShouldBe(Script.NumberNotInService);
        answer.Element("Hangup").ShouldNotBeNull();
        (await StatusOf(_twilio.StatusAsync("in-progress"))).ShouldBe(HttpStatusCode.NoContent);
        _app.Spooled().ShouldBeEmpty();
        _host.Envelopes.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_number_released_while_the_host_was_known_is_not_served_from_memory()
    {
        await _twilio.CallsAsync();
        _host.Tenants.TryRemove(Tenant.Number, out _).ShouldBeTrue();
        await using var restarted = new VoiceApp(_sidecars.Settings, new UnhurriedClock());
        (await new SimulatedTwilio(restarted.Client, restarted.Url).CallsAsync()).Element("Say")!.Value.ShouldBe(Script.NumberNotInService);

        await _host.DisposeAsync();
        await using var restartedAgain = new VoiceApp(_sidecars.Settings, new UnhurriedClock());
        (await new SimulatedTwilio(restartedAgain.Client, restartedAgain.Url).CallsAsync()).Element("Say")!.Value.ShouldBe(Script.GenericGreeting);
    }

    [Fact]
    public async Task Many_calls_at_once_ask_the_host_once()
    {
        var calls = Enumerable.Range(0, 20).Select(_ => new SimulatedTwilio(_app.Client, _app.Url)).ToArray();

        var greetings = await Task.WhenAll(calls.Select(call => call.CallsAsync()));

        greetings.ShouldAllBe(greeting => greeting.Element("Gather") != null);
        _host.Lookups.ShouldBe(1);
        foreach (var call in calls)
            (await _host.TypesOfAsync(call.CallSid, 2)).ShouldBe([CallEventTypes.Started, CallEventTypes.Turn]);
    }

    [Fact]
    public async Task Settings_changed_during_a_call_are_for_the_next_one()
    {
        var greeting = await _twilio.CallsAsync();
        _host.Tenants[Tenant.Number] = Tenant.Open with { PersonNumber = "+15035550111" };
        await using var other = new VoiceApp(_sidecars.Settings, new UnhurriedClock());
        var elsewhere = new SimulatedTwilio(other.Client, other.Url);

        var dial = await _twilio.TwiMLAsync(Action(greeting, "Gather"), ("Digits", "0"));
        var next = await elsewhere.TwiMLAsync(Action(await elsewhere.CallsAsync(), "Gather"), ("Digits", "0"));

        dial.Element("Dial")!.Element("Number")!.Value.ShouldBe(Tenant.Person);
        next.Element("Dial")!.Element("Number")!.Value.ShouldBe("+15035550111");
    }

    [Fact]
    public async Task A_repeated_webhook_is_answered_with_the_same_words_and_the_same_events()
    {
        var greeting = await _twilio.CallsAsync();
        var repeated = await _twilio.CallsAsync();
        repeated.ToString().ShouldBe(greeting.ToString());

        var turn = await _twilio.TwiMLAsync(Action(greeting, "Gather"), ("SpeechResult", "My sink is clogged"));
        (await _twilio.TwiMLAsync(Action(greeting, "Gather"), ("SpeechResult", "My sink is clogged"))).ToString().ShouldBe(turn.ToString());
        foreach (var _ in Enumerable.Range(0, 3))
            (await StatusOf(_twilio.StatusAsync("completed", ("CallDuration", "5")))).ShouldBe(HttpStatusCode.NoContent);

        await _host.EnvelopesOfAsync(_twilio.CallSid, 5);
    }

    [Fact]
    public async Task The_first_end_stands_whatever_comes_later()
    {
        await _twilio.CallsAsync();
        await StatusOf(_twilio.StatusAsync("completed", ("CallDuration", "12")));
        await StatusOf(_twilio.StatusAsync("no-answer"));
        await StatusOf(_twilio.StatusAsync("in-progress"));

        await _host.EnvelopesOfAsync(_twilio.CallSid, 3);
        var ends = _host.Envelopes.Where(envelope => envelope.GetProperty("type").GetString() == CallEventTypes.Ended)
            .Select(envelope => envelope.GetProperty("data").ToString()).Distinct();
        ends.ShouldHaveSingleItem().ShouldContain("\"completed\"");
    }

    [Fact]
    public async Task Callbacks_before_and_after_their_time_do_no_harm()
    {
        await StatusOf(_twilio.StatusAsync("completed", ("CallDuration", "30")));
        var greeting = await _twilio.CallsAsync();
        var voicemail = await _twilio.TwiMLAsync(Action(greeting, "Gather"), ("Digits", "9"));
        var record = voicemail.Element("Record")!;
        (await StatusOf(_twilio.PostAsync(record.Attribute("recordingStatusCallback")!.Value, ("RecordingSid", "RE" + new string('d', 32)), ("RecordingStatus", "completed"),
            ("RecordingDuration", "7")))).ShouldBe(HttpStatusCode.NoContent);
        await _twilio.TwiMLAsync(record.Attribute("action")!.Value, ("RecordingDuration", "7"), ("Digits", "hangup"), ("CallStatus", "completed"));

        (await _host.TypesOfAsync(_twilio.CallSid, 7)).ShouldBe(
        [
            CallEventTypes.Started, CallEventTypes.Turn, CallEventTypes.Turn, CallEventTypes.Turn, CallEventTypes.Recording, CallEventTypes.Voicemail,
            CallEventTypes.Ended,
        ]);
    }

    private static string Action(XElement document, string verb) => document.Element(verb)!.Attribute("action")!.Value;

    private static async Task<HttpStatusCode> StatusOf(Task<HttpResponseMessage> request)
    {
        using var response = await request;
        return response.StatusCode;
    }
}
