using System.Net;
using System.Net.Sockets;
using System.Xml.Linq;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Dapr;

/// <summary>What the caller and the call log see of every outage.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private readonly LocalSidecars _sidecars = new();
    private HostApp _host = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await HostApp.StartAsync(_sidecars.HostPort);
        await _sidecars.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _sidecars.DisposeAsync();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task With_the_host_down_the_last_known_settings_serve_from_memory_and_after_a_restart_from_state()
    {
        await using (var app = new VoiceApp(_sidecars.Settings, new UnhurriedClock()))
        {
            await new SimulatedTwilio(app.Client, app.Url).CallsAsync();
            await _host.DisposeAsync();
            (await new SimulatedTwilio(app.Client, app.Url).CallsAsync()).Element("Gather").ShouldNotBeNull();
        }
        await using var restarted = new VoiceApp(_sidecars.Settings, new UnhurriedClock());
        var twilio = new SimulatedTwilio(restarted.Client, restarted.Url);
        var greeting = await twilio.CallsAsync();

        greeting.Element("Say")!.Value.ShouldContain("Maple Street Plumbing");
        (await twilio.TwiMLAsync(Action(greeting, "Gather"), ("Digits", "0"))).Element("Dial").ShouldNotBeNull();
        restarted.Spooled().ShouldBeEmpty();
    }

    [Fact]
    public async Task With_a_host_that_fails_and_no_copy_the_greeting_is_generic_and_the_host_finds_the_tenant_itself()
    {
        _host.IsFailing = true;
        await using var app = new VoiceApp(_sidecars.Settings, new UnhurriedClock());
        var twilio = new SimulatedTwilio(app.Client, app.Url);

        (await twilio.CallsAsync()).Element("Say")!.Value.ShouldBe(Script.GenericGreeting);

        var events = await _host.EnvelopesOfAsync(twilio.CallSid, 2);
        events.ShouldAllBe(envelope => !HasTenant(envelope));
    }

    [Fact]
    public async Task Events_of_a_call_without_sidecar_are_published_after_a_restart_of_the_app()
    {
        await _sidecars.StopAsync();
        var spool = Path.Combine(Path.GetTempPath(), "kestrelvoice-tests", Path.GetRandomFileName());
        var app = new VoiceApp(_sidecars.Settings, new UnhurriedClock(), spool);
        var twilio = new SimulatedTwilio(app.Client, app.Url);
        var greeting = await twilio.CallsAsync();
        await twilio.TwiMLAsync(Action(greeting, "Record"), ("RecordingDuration", "5"));
        using (var status = await twilio.StatusAsync("completed", ("CallDuration", "9")))
            status.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        app.Spooled().Count.ShouldBe(5);
        await app.StopAsync();

        await _sidecars.StartAsync();
        await using var restarted = new VoiceApp(_sidecars.Settings, new UnhurriedClock(), spool);

        (await _host.TypesOfAsync(twilio.CallSid, 5)).ShouldBe(
            [CallEventTypes.Started, CallEventTypes.Turn, CallEventTypes.Voicemail, CallEventTypes.Turn, CallEventTypes.Ended]);
        await Until(() => restarted.Spooled().Count == 0);
    }

    [Fact]
    public async Task A_sidecar_that_goes_away_and_comes_back_during_a_call_costs_no_event()
    {
        await using var app = new VoiceApp(_sidecars.Settings, new UnhurriedClock());
        var twilio = new SimulatedTwilio(app.Client, app.Url);
        var greeting = await twilio.CallsAsync();
        await _sidecars.StopAsync();

        var more = await twilio.TwiMLAsync(Action(greeting, "Gather"), ("SpeechResult", "My sink is clogged"));
        more.Element("Gather").ShouldNotBeNull();
        app.Spooled().Count.ShouldBe(2);
        await _sidecars.StartAsync();

        var goodbye = await twilio.TwiMLAsync(Action(more, "Gather"), ("SpeechResult", "no"));
        goodbye.Element("Hangup").ShouldNotBeNull();
        await Until(async () =>
        {
            using var status = await twilio.StatusAsync("completed", ("CallDuration", "9"));
            return status.StatusCode == HttpStatusCode.NoContent;
        });
        (await _host.TypesOfAsync(twilio.CallSid, 7)).Distinct().ShouldBe([CallEventTypes.Started, CallEventTypes.Turn, CallEventTypes.Ended]);
        await Until(() => app.Spooled().Count == 0);
    }

    [Fact]
    public async Task A_call_goes_on_when_the_state_is_lost_and_another_replica_answers()
    {
        await using var app = new VoiceApp(_sidecars.Settings, new UnhurriedClock());
        var twilio = new SimulatedTwilio(app.Client, app.Url);
        var greeting = await twilio.CallsAsync();
        await _sidecars.StopAsync();
        _sidecars.ForgetState();
        await _sidecars.StartAsync();
        await using var replica = new VoiceApp(_sidecars.Settings, new UnhurriedClock());

        var url = Action(greeting, "Gather").Replace(app.Url, replica.Url, StringComparison.Ordinal);
        var dial = await twilio.TwiMLAsync(url, ("Digits", "0"));

        dial.Element("Dial")!.Element("Number")!.Value.ShouldBe(Tenant.Person);
    }

    [Fact]
    public async Task An_event_that_is_none_is_put_aside_and_holds_up_nothing()
    {
        var spool = Path.Combine(Path.GetTempPath(), "kestrelvoice-tests", Path.GetRandomFileName());
        Directory.CreateDirectory(spool);
        await File.WriteAllTextAsync(Path.Combine(spool, "0.event.json"), "{ torn", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(spool, "1.event.json"), "{}", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(spool, "2.event.json"), """
            {"event_id":"e1","type":"kestrelvoice.call.ended.v1","call_sid":"CA1","payload":{"event_id":"e1","sequence":0,"call":{"call_sid":"CA1"}}}
            """, TestContext.Current.CancellationToken);

        await using var app = new VoiceApp(_sidecars.Settings, new UnhurriedClock(), spool);

        await _host.EnvelopesOfAsync("CA1", 1);
        await Until(() => app.Spooled().Count == 0);
        Directory.EnumerateFiles(spool, "*.unreadable").Count().ShouldBe(2);
    }

    [Fact]
    public async Task A_sidecar_that_takes_connections_and_never_answers_costs_no_caller_the_call()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var address = $"http://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}";
        await using var app = new VoiceApp(new Dictionary<string, string?> { ["DAPR_HTTP_ENDPOINT"] = address, ["DAPR_GRPC_ENDPOINT"] = address });
        // Twilio's ceiling: it would hang up on us after that.
        app.Client.Timeout = TimeSpan.FromSeconds(15);

        var callers = Enumerable.Range(0, 5).Select(_ => new SimulatedTwilio(app.Client, app.Url)).ToArray();
        var greetings = await Task.WhenAll(callers.Select(caller => caller.CallsAsync()));
        var thanks = await callers[0].TwiMLAsync(Action(greetings[0], "Record"), ("RecordingDuration", "4"));

        greetings.ShouldAllBe(greeting => greeting.Element("Record") != null);
        thanks.Element("Say")!.Value.ShouldBe(Script.VoicemailTaken);
        app.Spooled().Count.ShouldBe(12);
    }

    private static bool HasTenant(System.Text.Json.JsonElement envelope) => envelope.GetProperty("data").GetProperty("call").TryGetProperty("tenant_id", out _);

    private static Task Until(Func<bool> condition) => Until(() => Task.FromResult(condition()));

    private static async Task Until(Func<Task<bool>> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(40));
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static string Action(XElement document, string verb) => document.Element(verb)!.Attribute("action")!.Value;
}
