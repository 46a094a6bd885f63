using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Recordings;
using KestrelVoice.CallSimulator.Scripts;
using KestrelVoice.CallSimulator.Webhooks;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class RecordingTests : IAsyncLifetime
{
    private readonly string folder = Path.Combine(Path.GetTempPath(), "kestrelvoice-" + Path.GetRandomFileName());
    private readonly HttpClient http = WebhookHttp.CreateClient();
    private TwilioStandIn standIn = null!;

    public async ValueTask InitializeAsync() =>
        standIn = await TwilioStandIn.StartAsync(folder, TwimlApp.AccountSid, TwimlApp.AuthToken, cancellationToken: TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await standIn.DisposeAsync();
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".wav")]
    public async Task A_message_can_be_fetched_as_a_real_sound_of_its_length(string extension)
    {
        var url = await LeaveMessageAsync(seconds: 7);

        using var response = await GetAsync(url + extension, TwimlApp.AuthToken);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("audio/x-wav");
        var sound = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Encoding.ASCII.GetString(sound, 0, 4).ShouldBe("RIFF");
        Encoding.ASCII.GetString(sound, 8, 8).ShouldBe("WAVEfmt ");
        Encoding.ASCII.GetString(sound, 36, 4).ShouldBe("data");
        Int32(sound, 4).ShouldBe(sound.Length - 8);
        (Int16(sound, 20), Int16(sound, 22), Int32(sound, 24), Int32(sound, 28), Int16(sound, 32), Int16(sound, 34))
            .ShouldBe(((short)1, (short)1, 8000, 16_000, (short)2, (short)16));
        Int32(sound, 40).ShouldBe(7 * 16_000);
        sound.Length.ShouldBe(44 + (7 * 16_000));
        Enumerable.Range(0, 1600).Max(sample => Math.Abs((int)Int16(sound, 44 + (sample * 2)))).ShouldBeGreaterThan(5000);
    }

    [Fact]
    public async Task Its_facts_can_be_fetched_in_the_shape_of_Twilio()
    {
        var url = await LeaveMessageAsync(seconds: 7);

        using var response = await GetAsync(url + ".json", TwimlApp.AuthToken);

        using var json = await JsonAsync(response);
        json.RootElement.GetProperty("sid").GetString().ShouldBe(url[^34..]);
        json.RootElement.GetProperty("duration").GetString().ShouldBe("7");
        json.RootElement.GetProperty("source").GetString().ShouldBe("RecordVerb");
        json.RootElement.GetProperty("status").GetString().ShouldBe("completed");
    }

    [Fact]
    public async Task Those_of_a_call_can_be_listed()
    {
        var url = await LeaveMessageAsync(seconds: 7);
        using var response = await GetAsync(url + ".json", TwimlApp.AuthToken);
        using var json = await JsonAsync(response);

        using var list = await GetAsync(CallUrl(json.RootElement.GetProperty("call_sid").GetString() + "/Recordings"), TwimlApp.AuthToken);
        using var ofAnother = await GetAsync(CallUrl("CA00000000000000000000000000000000/Recordings"), TwimlApp.AuthToken);

        using var listed = await JsonAsync(list);
        listed.RootElement.GetProperty("recordings").EnumerateArray().ShouldHaveSingleItem().GetProperty("sid").GetString().ShouldBe(url[^34..]);
        listed.RootElement.GetProperty("next_page_uri").ValueKind.ShouldBe(JsonValueKind.Null);
        using var none = await JsonAsync(ofAnother);
        none.RootElement.GetProperty("recordings").GetArrayLength().ShouldBe(0);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData(null)]
    public async Task Without_the_token_nothing_is_served(string? token)
    {
        var url = await LeaveMessageAsync(seconds: 1);

        using var response = await GetAsync(url + ".wav", token);

        await ShouldRefuseAsync(response, HttpStatusCode.Unauthorized, 20003);
    }

    [Theory]
    [InlineData("/2010-04-01/Accounts/AC00001111222233334444555566667777/Recordings/RE00000000000000000000000000000000.wav")]
    [InlineData("/2010-04-01/Accounts/AC00001111222233334444555566667777/Recordings/..%2F..%2Fetc%2Fpasswd")]
    [InlineData("/2010-04-01/Accounts/AC99991111222233334444555566667777/Recordings/RE00000000000000000000000000000000")]
    [InlineData("/2010-04-01/Accounts/AC00001111222233334444555566667777/Calls/CA00000000000000000000000000000000.json")]
    [InlineData("/2010-04-01/Accounts")]
    public async Task What_is_not_there_is_404(string path)
    {
        using var response = await GetAsync(new Uri(standIn.BaseUrl, path).AbsoluteUri, TwimlApp.AuthToken);

        await ShouldRefuseAsync(response, HttpStatusCode.NotFound, 20404);
    }

    [Fact]
    public async Task What_is_deleted_is_gone_and_cannot_be_deleted_again()
    {
        var url = await LeaveMessageAsync(seconds: 1);

        using var deleted = await SendAsync(HttpMethod.Delete, url + ".json", TwimlApp.AuthToken);
        using var sound = await GetAsync(url + ".wav", TwimlApp.AuthToken);
        using var again = await SendAsync(HttpMethod.Delete, url + ".json", TwimlApp.AuthToken);

        deleted.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await deleted.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBeEmpty();
        await ShouldRefuseAsync(sound, HttpStatusCode.NotFound, 20404);
        await ShouldRefuseAsync(again, HttpStatusCode.NotFound, 20404);
    }

    [Fact]
    public async Task The_file_is_there_before_its_callback()
    {
        await using var app = await TwimlApp.StartAsync();
        HttpStatusCode? whenTold = null;
        app.Answers("/voice/incoming", """<Response><Record action="/recorded" recordingStatusCallback="/recording"/></Response>""").Answers("/recorded", "<Response/>");
        app.Answers("/recording", async context =>
        {
            var form = await context.Request.ReadFormAsync();
            using var response = await GetAsync(form["RecordingUrl"] + ".wav", TwimlApp.AuthToken);
            whenTold = response.StatusCode;
        });

        (await app.CallAsync(Plan(app), new ScriptedCaller(new Step.Record(new Message(3, MessageEnd.Key))))).WithoutProblems();

        whenTold.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task How_the_call_stands_is_told_while_it_goes_on_and_once_it_is_over()
    {
        await using var app = await TwimlApp.StartAsync();
        var told = new List<string?>();
        app.Answers("/voice/incoming", """<Response><Say>Hello.</Say><Redirect>/more</Redirect></Response>""");
        app.Answers("/more", async context =>
        {
            told.Add(await StatusAsync((await context.Request.ReadFormAsync())["CallSid"]!));
            await context.Response.WriteAsync("<Response><Hangup/></Response>");
        });

        var trace = await app.CallAsync(Plan(app), new ScriptedCaller());

        told.ShouldBe(["in-progress"]);
        using var response = await GetAsync(CallUrl(trace.CallSid), TwimlApp.AuthToken);
        using var json = await JsonAsync(response);
        json.RootElement.GetProperty("sid").GetString().ShouldBe(trace.CallSid);
        json.RootElement.GetProperty("status").GetString().ShouldBe("completed");
        json.RootElement.GetProperty("duration").GetString().ShouldBe(trace.Seconds.ToString(CultureInfo.InvariantCulture));
        json.RootElement.GetProperty("end_time").GetString().ShouldEndWith("+0000");
    }

    private string CallUrl(string callSid) => new Uri(standIn.BaseUrl, $"/2010-04-01/Accounts/{TwimlApp.AccountSid}/Calls/{callSid}.json").AbsoluteUri;

    private async Task<string?> StatusAsync(string callSid)
    {
        using var response = await GetAsync(CallUrl(callSid), TwimlApp.AuthToken);
        using var json = await JsonAsync(response);
        return json.RootElement.GetProperty("status").GetString();
    }

    private CallPlan Plan(TwimlApp app) => app.Plan() with { RecordingsFolder = folder, ApiBaseUrl = standIn.BaseUrl.AbsoluteUri };

    private async Task<string> LeaveMessageAsync(int seconds)
    {
        await using var app = await TwimlApp.StartAsync();
        app.Answers("/voice/incoming", """<Response><Record action="/recorded"/></Response>""").Answers("/recorded", "<Response/>");
        (await app.CallAsync(Plan(app), new ScriptedCaller(new Step.Record(new Message(seconds, MessageEnd.HangUp))))).WithoutProblems();
        return app.To("/recorded").Single()["RecordingUrl"]!;
    }

    private Task<HttpResponseMessage> GetAsync(string url, string? token) => SendAsync(HttpMethod.Get, url, token);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string url, string? token)
    {
        using var request = new HttpRequestMessage(method, url);
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{TwimlApp.AccountSid}:{token}")));
        return await http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static async Task ShouldRefuseAsync(HttpResponseMessage response, HttpStatusCode status, int code)
    {
        response.StatusCode.ShouldBe(status);
        using var json = await JsonAsync(response);
        json.RootElement.GetProperty("code").GetInt32().ShouldBe(code);
        json.RootElement.GetProperty("status").GetInt32().ShouldBe((int)status);
        json.RootElement.GetProperty("message").GetString().ShouldNotBeNullOrEmpty();
        json.RootElement.GetProperty("more_info").GetString().ShouldEndWith($"/{code}");
    }

    private static async Task<JsonDocument> JsonAsync(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

    private static int Int32(byte[] bytes, int offset) => BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(offset));

    private static short Int16(byte[] bytes, int offset) => BinaryPrimitives.ReadInt16LittleEndian(bytes.AsSpan(offset));
}
