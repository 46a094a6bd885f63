using System.Xml.Linq;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Dapr;

/// <summary>Booking calls with a real sidecar between the voice app and the host's side of the contract.</summary>
public sealed class BookingCallTests : IAsyncLifetime
{
    private readonly LocalSidecars _sidecars = new();
    private HostApp _host = null!;
    private VoiceApp _app = null!;
    private SimulatedTwilio _twilio = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await HostApp.StartAsync(_sidecars.HostPort);
        _host.Tenants[Tenant.Number] = Tenant.Booking;
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
    public async Task A_call_holds_books_and_tells_so()
    {
        var name = await UntilNameAsync();
        var confirm = await SayAsync(name, "Dana Whitfield");
        var booked = await PressAsync(confirm, "1");

        booked.Element("Gather")!.Element("Say")!.Value.ShouldStartWith("It is booked: Plumbing repair on Tuesday December 1st at 8 in the morning.");
        _host.Holds.Select(hold => hold.CustomerName).ShouldBe([null, "Dana Whitfield"]);
        _host.Holds.ShouldAllBe(hold => hold.Call.CallSid == _twilio.CallSid && hold.Call.From == Tenant.Caller && hold.Call.TenantId == Tenant.Id);
        _host.Bookings.ShouldHaveSingleItem().HoldId.ShouldBe(HostApp.HoldId);
        // Greeting, four questions and what was booked, with what the caller said in between.
        (await _host.TypesOfAsync(_twilio.CallSid, 13)).ShouldBe(
            [CallEventTypes.Started, .. Enumerable.Repeat(CallEventTypes.Turn, 11), CallEventTypes.Booked]);
    }

    [Fact]
    public async Task A_repeated_request_repeats_its_reply_whatever_is_free_by_then()
    {
        var service = await PressAsync(await _twilio.CallsAsync(), "2");
        var offered = await PressAsync(service, "1");
        _host.Times = [];

        (await PressAsync(service, "1")).ToString().ShouldBe(offered.ToString());
        var booked = await PressAsync(await SayAsync(await PressAsync(offered, "1"), "Dana"), "1");
        booked.Element("Gather").ShouldNotBeNull();
    }

    [Fact]
    public async Task A_repeated_yes_is_the_same_question_and_the_same_answer()
    {
        var confirm = await SayAsync(await UntilNameAsync(), "Dana");

        var first = await PressAsync(confirm, "1");
        var second = await PressAsync(confirm, "1");

        second.ToString().ShouldBe(first.ToString());
        _host.Bookings.Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_host_that_fails_leaves_the_caller_the_voicemail()
    {
        var service = await PressAsync(await _twilio.CallsAsync(), "2");
        _host.IsFailing = true;

        var sorry = await PressAsync(service, "1");

        sorry.Element("Say")!.Value.ShouldBe(BookingScript.CannotBook);
        sorry.Element("Record").ShouldNotBeNull();
    }

    [Fact]
    public async Task Another_replica_goes_on_with_the_booking()
    {
        var name = await UntilNameAsync();
        await using var replica = new VoiceApp(_sidecars.Settings, new UnhurriedClock());
        var elsewhere = new Uri(replica.Url);
        var action = new UriBuilder(Action(name)) { Port = elsewhere.Port }.Uri.ToString();

        var confirm = await _twilio.TwiMLAsync(action, ("SpeechResult", "Dana"), ("Confidence", "0.9"));

        confirm.Element("Gather")!.Element("Say")!.Value.ShouldContain("under the name Dana");
    }

    private async Task<XElement> UntilNameAsync() => await PressAsync(await PressAsync(await PressAsync(await _twilio.CallsAsync(), "2"), "1"), "1");

    private Task<XElement> PressAsync(XElement question, string key) => _twilio.TwiMLAsync(Action(question), ("Digits", key));

    private Task<XElement> SayAsync(XElement question, string words) => _twilio.TwiMLAsync(Action(question), ("SpeechResult", words), ("Confidence", "0.9"));

    private static string Action(XElement document) => document.Element("Gather")!.Attribute("action")!.Value;
}
