using System.Globalization;
using KestrelVoice.CallSimulator.Command;
using Microsoft.AspNetCore.Http;
using Spectre.Console;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class CallCommandTests : IAsyncLifetime
{
    private const string Script =
        """
        from: "+15035550142"
        to: "+15035550100"
        steps:
          - hears: help
          - say: a pipe burst
          - ends: completed
        call_log: { within: 1, status: completed, outcome: message_taken, emergency: false, turns_contain: pipe burst }
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("kestrelvoice-").FullName;
    private readonly StringWriter output = new(CultureInfo.InvariantCulture);
    private TwimlApp app = null!;

    public async ValueTask InitializeAsync()
    {
        app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Gather input="speech dtmf" action="/turn"><Say>How can I help?</Say></Gather></Response>""")
            .Answers("/turn", "<Response><Say>Thank you.</Say></Response>");
        LogsAre(Log("call_old", "-00:10:00"));
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        await output.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_call_that_goes_as_written_prints_its_log_and_succeeds()
    {
        AnswersWithLog(Log("call_new", "00:00:00"));

        var exitCode = await RunAsync(Script);

        exitCode.ShouldBe(0, output.ToString());
        output.ToString().ShouldContain("receptionist: How can I help?");
        output.ToString().ShouldContain("caller: a pipe burst");
        output.ToString().ShouldContain("\"id\": \"call_new\"");
        app.To("/api/call-logs").ShouldAllBe(request => request.Headers["X-API-Key"] == "kv_test_key");
    }

    [Theory]
    [InlineData("outcome: message_taken", "outcome: transferred", "outcome is message_taken, expected transferred")]
    [InlineData("emergency: false", "emergency: true", "emergency is false, expected true")]
    [InlineData("turns_contain: pipe burst", "turns_contain: roof", "no turn contains \"roof\"")]
    [InlineData("emergency: false", "recording: true", "there is no recording_url")]
    [InlineData("status: completed,", "status: missed,", "status is completed, expected missed")]
    [InlineData("hears: help", "hears: goodbye", "script.yaml line 4: expected to hear \"goodbye\"")]
    [InlineData("from:", "form:", "script.yaml line 1: unknown key 'form'")]
    public async Task The_first_expectation_that_fails_is_named(string written, string instead, string failure)
    {
        AnswersWithLog(Log("call_new", "00:00:00"));

        var exitCode = await RunAsync(Script.Replace(written, instead, StringComparison.Ordinal));

        exitCode.ShouldBe(1);
        output.ToString().ShouldContain("FAILED: ");
        output.ToString().ShouldContain(failure);
    }

    [Fact]
    public async Task A_log_that_was_there_before_or_is_still_open_is_not_the_one()
    {
        AnswersWithLog(Log("call_new", "00:00:00").Replace("\"completed\"", "\"in-progress\"", StringComparison.Ordinal));
        (await RunAsync(Script)).ShouldBe(1);
        output.ToString().ShouldContain("status is still in-progress");

        app.Answers("/turn", "<Response><Say>Thank you.</Say></Response>");
        LogsAre(Log("call_old", "00:00:00"));
        (await RunAsync(Script)).ShouldBe(1);
        output.ToString().ShouldContain("the API lists no new call of this caller");
    }

    [Fact]
    public async Task TwiML_that_Twilio_would_refuse_fails_the_call()
    {
        app.Answers("/turn", "<Response><say>Thank you.</say></Response>");

        (await RunAsync(Script.Split("call_log")[0], key: null)).ShouldBe(1);

        output.ToString().ShouldContain("Twilio error 12200");
        output.ToString().ShouldContain("<say>: unknown verb");
    }

    [Fact]
    public async Task A_key_that_the_API_refuses_is_reported()
    {
        app.Answers("/api/call-logs", async context =>
        {
            context.Response.StatusCode = 401;
            await context.Response.WriteAsync("{\"error\":\"unauthorized\"}");
        });

        (await RunAsync(Script)).ShouldBe(1);

        output.ToString().ShouldContain("401");
        app.To("/voice/incoming").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("my sink leaks\n", "SpeechResult", "my sink leaks")]
    [InlineData("0#\n", "Digits", "0")]
    public async Task By_hand_words_and_keys_are_typed(string typed, string field, string expected)
    {
        (await RunAsync(script: null, key: null, typed)).ShouldBe(0, output.ToString());

        app.To("/turn").ShouldHaveSingleItem()[field].ShouldBe(expected);
        output.ToString().ShouldContain("receptionist: Thank you.");
    }

    [Theory]
    [InlineData("/hangup\n", "completed")]
    [InlineData("", "completed")]
    [InlineData("/wait\n", "completed")]
    public async Task By_hand_one_can_hang_up_or_stay_silent(string typed, string status)
    {
        (await RunAsync(script: null, key: null, typed)).ShouldBe(0, output.ToString());

        app.To("/turn").ShouldBeEmpty();
        app.To("/voice/status").ShouldHaveSingleItem()["CallStatus"].ShouldBe(status);
    }

    [Fact]
    public async Task By_hand_phones_are_answered_and_messages_left()
    {
        app.Answers("/turn", """<Response><Dial action="/dialed">+15035550110</Dial></Response>""")
            .Answers("/dialed", """<Response><Record action="/recorded"/></Response>""")
            .Answers("/recorded", "<Response/>");

        (await RunAsync(script: null, key: null, "0#\nb\n5#\n")).ShouldBe(0, output.ToString());

        app.To("/dialed").ShouldHaveSingleItem()["DialCallStatus"].ShouldBe("busy");
        app.To("/recorded").ShouldHaveSingleItem()["RecordingDuration"].ShouldBe("5");
        Directory.GetFiles(folder, "RE*.wav").ShouldHaveSingleItem();
    }

    private async Task<int> RunAsync(string? script, string? key = "kv_test_key", string typed = "")
    {
        var file = Path.Combine(folder, "script.yaml");
        if (script is not null)
            await File.WriteAllTextAsync(file, script, TestContext.Current.CancellationToken);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) });
        var options = new CallCommandOptions
        {
            VoiceUrl = app.BaseUrl,
            AccountSid = TwimlApp.AccountSid,
            AuthToken = TwimlApp.AuthToken,
            ApiUrl = app.BaseUrl,
            ApiKey = key,
            DefaultTo = "+15035550100",
            ScriptFile = script is null ? null : file,
            RecordingsFolder = folder,
            Input = new StringReader(typed),
        };
        return await CallCommand.RunAsync(options, console, TestContext.Current.CancellationToken);
    }

    /// <summary>The log appears only once the call has reached the app.</summary>
    private void AnswersWithLog(string log) => app.Answers("/turn", async context =>
    {
        LogsAre(log, Log("call_old", "-00:10:00"));
        context.Response.ContentType = "application/xml";
        await context.Response.WriteAsync("<Response><Say>Thank you.</Say></Response>");
    });

    private void LogsAre(params string[] logs)
    {
        var calls = $"{{\"data\":[{string.Join(',', logs)}],\"pagination\":{{}}}}";
        app.Answers("/api/call-logs", context => JsonAsync(context, calls));
        app.Answers("/api/call-logs/call_new", context => JsonAsync(context, logs[0]));
    }

    private static Task JsonAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }

    private static string Log(string id, string age)
    {
        var createdAt = TimeProvider.System.GetUtcNow() + TimeSpan.Parse(age, CultureInfo.InvariantCulture);
        return $$"""{"id":"{{id}}","phone_number":"+15035550142","status":"completed","outcome":"message_taken","emergency":false,"recording_url":null,"created_at":"{{createdAt:O}}","turns":[{"speaker":"caller","text":"a pipe burst"}]}""";
    }
}
