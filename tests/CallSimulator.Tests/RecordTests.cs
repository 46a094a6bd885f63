using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Scripts;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class RecordTests
{
    private const string Voicemail =
        """<Response><Record action="/recorded" maxLength="60" recordingStatusCallback="/recording" recordingStatusCallbackEvent="completed absent"/><Say>Nothing.</Say></Response>""";

    [Theory]
    [InlineData(8, MessageEnd.Key, '#', "8", "#")]
    [InlineData(8, MessageEnd.Silence, '#', "8", "")]
    [InlineData(90, MessageEnd.Key, '1', "60", "")]
    public async Task A_message_is_told_to_the_action_first_and_its_file_later(int seconds, MessageEnd end, char key, string duration, string digits)
    {
        await using var app = await RecordingAppAsync();

        var trace = await app.CallAsync(new Step.Record(new Message(seconds, end, key)));

        trace.WithoutProblems();
        app.Requests.Select(request => request.Path).ShouldBe(["/voice/incoming", "/recorded", "/voice/status", "/recording"]);
        var recorded = app.To("/recorded").Single();
        var sid = trace.Recordings.ShouldHaveSingleItem().Sid;
        recorded["RecordingUrl"].ShouldBe($"https://api.twilio.com/2010-04-01/Accounts/{TwimlApp.AccountSid}/Recordings/{sid}");
        recorded["RecordingDuration"].ShouldBe(duration);
        recorded["Digits"].ShouldBe(digits);
        var ready = app.To("/recording").Single();
        ready["RecordingSid"].ShouldBe(sid);
        ready["RecordingStatus"].ShouldBe("completed");
        ready["RecordingDuration"].ShouldBe(duration);
        ready["RecordingSource"].ShouldBe("RecordVerb");
        ready["RecordingChannels"].ShouldBe("1");
        ready["RecordingStartTime"].ShouldBe("Mon, 02 Mar 2026 17:30:00 +0000");
        ready["CallSid"].ShouldBe(trace.CallSid);
    }

    [Fact]
    public async Task A_hang_up_still_tells_of_the_message_and_its_answer_is_not_played()
    {
        await using var app = await RecordingAppAsync();
        app.Answers("/recorded", "<Response><Say>Thank you.</Say></Response>");

        var trace = await app.CallAsync(new Step.Record(new Message(8, MessageEnd.HangUp)));

        trace.WithoutProblems().Heard.ShouldBe(["(beep)"]);
        var recorded = app.To("/recorded").ShouldHaveSingleItem();
        recorded["Digits"].ShouldBe("hangup");
        recorded["CallStatus"].ShouldBe("completed");
    }

    [Fact]
    public async Task Silence_records_nothing_and_the_next_verb_is_played()
    {
        await using var app = await RecordingAppAsync();

        var trace = await app.CallAsync(new Step.Wait(), new Step.Hears("nothing"));

        trace.WithoutProblems().Recordings.ShouldBeEmpty();
        app.To("/recorded").ShouldBeEmpty();
        app.To("/recording").ShouldHaveSingleItem()["RecordingStatus"].ShouldBe("absent");
    }

    [Fact]
    public async Task A_whole_call_is_recorded_until_it_ends()
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", $"""<Response><Pause length="3"/><Start><Recording recordingStatusCallback="{app.BaseUrl}/recording"/></Start><Pause length="20"/></Response>""")
            .Answers("/recording", "<Response/>");

        var trace = await app.CallAsync(new Step.Ends());

        trace.WithoutProblems();
        var ready = app.To("/recording").ShouldHaveSingleItem();
        ready["RecordingDuration"].ShouldBe("20");
        ready["RecordingChannels"].ShouldBe("2");
        ready["RecordingTrack"].ShouldBe("both");
    }

    private static async Task<TwimlApp> RecordingAppAsync()
    {
        var app = await TwimlApp.StartAsync();
        return app.Answers("/voice/incoming", Voicemail)
            .Answers("/recorded", "<Response><Hangup/></Response>")
            .Answers("/recording", "<Response/>");
    }
}
