using System.Net;
using System.Xml.Linq;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Webhooks;

/// <summary>Nothing is there but the voice app: neither sidecar nor host nor state.</summary>
public sealed class WithoutSidecarTests : IAsyncDisposable
{
    private readonly VoiceApp _app = new();
    private readonly SimulatedTwilio _twilio;

    public WithoutSidecarTests() => _twilio = new SimulatedTwilio(_app.Client, _app.Url);

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Fact]
    public async Task The_caller_is_greeted_and_leaves_a_voicemail_and_every_event_waits_on_disk()
    {
        var greeting = await _twilio.CallsAsync(("ForwardedFrom", "+15035559999"));
        greeting.Element("Say")!.Value.ShouldBe(Script.GenericGreeting);
        var record = greeting.Element("Record")!;

        var thanks = await _twilio.TwiMLAsync(Url(record, "action"), ("RecordingDuration", "12"), ("Digits", "#"),
            ("RecordingUrl", $"https://api.twilio.com/2010-04-01/Accounts/{VoiceApp.AccountSid}/Recordings/RE{new string('a', 32)}"));
        thanks.Element("Say")!.Value.ShouldBe(Script.VoicemailTaken);
        (await StatusOf(_twilio.PostAsync(Url(record, "recordingStatusCallback"), ("RecordingSid", "RE" + new string('a', 32)), ("RecordingStatus", "completed"),
            ("RecordingDuration", "12")))).ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await StatusOf(_twilio.StatusAsync("completed", ("CallDuration", "30"), ("SipResponseCode", "200")))).ShouldBe(HttpStatusCode.ServiceUnavailable);

        _app.SpooledTypes().ShouldBe(
            [CallEventTypes.Started, CallEventTypes.Turn, CallEventTypes.Recording, CallEventTypes.Voicemail, CallEventTypes.Turn, CallEventTypes.Ended]);
        _app.SpooledOf<CallStarted>()[0].ForwardedFrom.ShouldBe("+15035559999");
        _app.SpooledOf<RecordingReady>()[2].ShouldSatisfyAllConditions(
            ready => ready.Kind.ShouldBe(RecordingKind.Voicemail), ready => ready.Available.ShouldBeTrue(), ready => ready.DurationSeconds.ShouldBe(12));
        _app.SpooledOf<VoicemailLeft>()[3].RecordingSid.ShouldBe("RE" + new string('a', 32));
        _app.SpooledOf<CallEnded>()[5].ShouldSatisfyAllConditions(
            ended => ended.DurationSeconds.ShouldBe(30), ended => ended.SipResponseCode.ShouldBe(200), ended => ended.CallStatus.ShouldBe("completed"));
        _app.SpooledOf<CallEnded>().ShouldAllBe(ended => ended.Call.TenantId == null && ended.Call.To == Tenant.Number);
    }

    [Fact]
    public async Task A_repeated_webhook_writes_no_second_event()
    {
        var greeting = await _twilio.CallsAsync();
        await _twilio.CallsAsync();
        foreach (var _ in Enumerable.Range(0, 3))
        {
            await _twilio.TwiMLAsync(Url(greeting.Element("Record")!, "action"), ("RecordingDuration", "3"));
            using var status = await _twilio.StatusAsync("completed", ("CallDuration", "9"));
        }

        _app.SpooledTypes().ShouldBe([CallEventTypes.Started, CallEventTypes.Turn, CallEventTypes.Voicemail, CallEventTypes.Turn, CallEventTypes.Ended]);
    }

    [Fact]
    public async Task The_spool_belongs_to_the_app_alone()
    {
        await _twilio.CallsAsync();

        if (OperatingSystem.IsWindows())
            return;
        File.GetUnixFileMode(_app.SpoolPath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var file in Directory.EnumerateFiles(_app.SpoolPath))
            File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    [Fact]
    public async Task When_the_disk_is_full_too_the_caller_still_gets_a_voicemail_and_callbacks_are_asked_again()
    {
        var file = Path.GetTempFileName();
        await using var app = new VoiceApp(spoolPath: Path.Combine(file, "not-a-folder"));
        var twilio = new SimulatedTwilio(app.Client, app.Url);

        var greeting = await twilio.CallsAsync();
        var thanks = await twilio.TwiMLAsync(Url(greeting.Element("Record")!, "action"), ("RecordingDuration", "3"));
        using var status = await twilio.StatusAsync("completed");
        File.Delete(file);

        greeting.Element("Record").ShouldNotBeNull();
        thanks.Element("Hangup").ShouldNotBeNull();
        status.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task Healthy_is_who_can_answer_callers()
    {
        foreach (var route in new[] { "/health/live", "/health/ready" })
            (await StatusOf(_app.Client.GetAsync(_app.Url + route, TestContext.Current.CancellationToken))).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("queued")]
    [InlineData("initiated")]
    [InlineData("ringing")]
    [InlineData("in-progress")]
    public async Task A_status_that_ends_nothing_is_no_event(string status)
    {
        (await StatusOf(_twilio.StatusAsync(status))).ShouldBe(HttpStatusCode.NoContent);
        _app.Spooled().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("completed")]
    [InlineData("busy")]
    [InlineData("no-answer")]
    [InlineData("failed")]
    [InlineData("canceled")]
    public async Task An_end_nobody_saw_the_beginning_of_is_told_from_the_callback_alone(string status)
    {
        using var response = await _twilio.StatusAsync(status, ("CallDuration", "42"), ("Timestamp", "Mon, 12 Jan 2026 18:00:42 +0000"));

        _app.SpooledOf<CallEnded>().Single().ShouldSatisfyAllConditions(
            ended => ended.CallStatus.ShouldBe(status),
            ended => ended.At.ShouldBe(SimulatedLineStart.AddSeconds(42)),
            ended => ended.Call.StartedAt.ShouldBe(SimulatedLineStart),
            ended => ended.Sequence.ShouldBe(CallEventIds.EndedSequence));
    }

    [Fact]
    public async Task The_end_of_a_leg_that_we_dialled_is_not_the_end_of_the_call()
    {
        (await StatusOf(_twilio.StatusAsync("no-answer", ("ParentCallSid", "CA" + new string('b', 32))))).ShouldBe(HttpStatusCode.NoContent);
        _app.Spooled().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("in-progress", HttpStatusCode.NoContent, null)]
    [InlineData("absent", HttpStatusCode.ServiceUnavailable, false)]
    [InlineData("failed", HttpStatusCode.ServiceUnavailable, false)]
    [InlineData("completed", HttpStatusCode.ServiceUnavailable, true)]
    public async Task A_recording_is_news_once_it_is_there_or_will_never_be(string status, HttpStatusCode answer, bool? available)
    {
        var url = _app.Url + "/voice/recording/call" + CallPosition.First(SimulatedLineStart, Tenant.Id).ToQuery();

        (await StatusOf(_twilio.PostAsync(url, ("RecordingSid", "RE" + new string('c', 32)), ("RecordingStatus", status), ("RecordingDuration", "8")))).ShouldBe(answer);

        var ready = _app.SpooledOf<RecordingReady>().SingleOrDefault();
        ready?.Available.ShouldBe(available!.Value);
        ready?.Kind.ShouldBe(RecordingKind.Call);
        ready?.DurationSeconds.ShouldBe(available!.Value ? 8 : 0);
        ready?.Call.TenantId.ShouldBe(Tenant.Id);
        (ready is null).ShouldBe(available is null);
    }

    [Fact]
    public async Task A_recording_callback_names_the_call_alone_and_its_URL_knows_the_rest()
    {
        var greeting = await _twilio.CallsAsync();
        var url = Url(greeting.Element("Record")!, "recordingStatusCallback");
        Dictionary<string, string> form = new(StringComparer.Ordinal)
        {
            ["AccountSid"] = VoiceApp.AccountSid,
            ["CallSid"] = _twilio.CallSid,
            ["RecordingSid"] = "RE" + new string('c', 32),
            ["RecordingStatus"] = "completed",
            ["RecordingDuration"] = "8",
            ["RecordingChannels"] = "1",
            ["RecordingSource"] = "RecordVerb",
            ["RecordingTrack"] = "inbound",
        };

        (await StatusOf(_twilio.PostFormAsync(url, form))).ShouldBe(HttpStatusCode.ServiceUnavailable);

        var ready = _app.SpooledOf<RecordingReady>().Single(recording => recording.RecordingSid is not null);
        (ready.Call.From, ready.Call.To, ready.Call.Direction).ShouldBe((Tenant.Caller, Tenant.Number, "inbound"));
        url.ShouldNotContain("1503");

        // Sealed for this call alone.
        form["CallSid"] = "CA" + new string('e', 32);
        (await StatusOf(_twilio.PostFormAsync(url, form))).ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task An_SIP_address_is_nobodys_number()
    {
        var answer = await _twilio.CallsAsync(("To", "sip:someone@example.sip.twilio.com"));

        answer.Elements().Select(verb => verb.Name.LocalName).ShouldBe(["Say", "Hangup"]);
        _app.Spooled().ShouldBeEmpty();
    }

    private static readonly DateTimeOffset SimulatedLineStart = new(2026, 1, 12, 18, 0, 0, TimeSpan.Zero);

    private static string Url(XElement verb, string attribute) => verb.Attribute(attribute)!.Value;

    private static async Task<HttpStatusCode> StatusOf(Task<HttpResponseMessage> request)
    {
        using var response = await request;
        return response.StatusCode;
    }
}
