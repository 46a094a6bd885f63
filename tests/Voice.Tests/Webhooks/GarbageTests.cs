using System.Net;
using System.Text;
using System.Xml.Linq;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Receptionist;
using KestrelVoice.Voice.Tests.Twilio;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Tests.Webhooks;

public sealed class GarbageTests : IAsyncDisposable
{
    private static readonly string Position = CallPosition.First(new DateTimeOffset(2026, 1, 12, 18, 0, 0, TimeSpan.Zero), null).ToQuery();

    private readonly VoiceApp _app = new();
    private readonly SimulatedTwilio _twilio;

    public GarbageTests() => _twilio = new SimulatedTwilio(_app.Client, _app.Url);

    public static TheoryData<string, bool> Routes => new()
    {
        { "/voice/incoming", true }, { "/voice/turn", true }, { "/voice/dialed", true }, { "/voice/recorded", true },
        { "/voice/status", false }, { "/voice/recording/call", false }, { "/voice/recording/voicemail", false },
    };

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    [Theory, MemberData(nameof(Routes))]
    public async Task A_signed_request_that_names_no_call_is_refused_politely(string route, bool answersTwiML)
    {
        foreach (var (field, value) in new[]
        {
            ("CallSid", ""), ("CallSid", "CA1"), ("CallSid", "CA" + new string('g', 32)), ("CallSid", "CA" + new string('1', 32) + "\n"),
            ("CallSid", new string('x', 60_000)), ("To", ""), ("To", " \u0000 "),
        })
            await ShouldBeRefused(await _twilio.PostAsync(_app.Url + route + Position, (field, value)), answersTwiML, $"{route} {field}={value[..Math.Min(20, value.Length)]}");

        var withoutCall = _twilio.Base;
        withoutCall.Remove("CallSid");
        await ShouldBeRefused(await _twilio.PostFormAsync(_app.Url + route + Position, withoutCall), answersTwiML, route);
        _app.Spooled().ShouldBeEmpty();
    }

    [Theory, MemberData(nameof(Routes))]
    public async Task A_URL_that_we_did_not_give_is_refused_politely(string route, bool answersTwiML)
    {
        if (route is "/voice/incoming" or "/voice/status")
            return;
        foreach (var query in new[]
        {
            "", "?n=1", "?n=-1&t=0&s=0&c=0&q=0", "?n=1&t=0&s=9&c=0&q=0", "?n=99999999999999999999&t=0&s=0&c=0&q=0", "?n=1&t=9223372036854775807&s=0&c=0&q=0",
            "?n=1&t=0&s=0&c=0&q=0&o=nobody", "?n=1&n=2&t=0&s=0&c=0&q=0", "?n=0x1&t=0&s=0&c=0&q=0", "?n=1&t=0&s=0&c=1000&q=0", "?%00=%ff&n=%zz",
        })
            await ShouldBeRefused(await _twilio.PostAsync(_app.Url + route + query), answersTwiML, route + query);
        _app.Spooled().ShouldBeEmpty();
    }

    [Theory, MemberData(nameof(Routes))]
    public async Task Odd_values_are_never_an_error_of_ours(string route, bool answersTwiML)
    {
        var odd = new[] { "", " ", "\u0000\u0001\uFFFF", "-1", "1e309", "NaN", "99999999999999999999", "<Response/>", "🚰\u200F", new string('9', 50_000), "%", "null", "true" };
        foreach (var field in new[]
        {
            "From", "CallStatus", "Direction", "SpeechResult", "Confidence", "Digits", "DialCallStatus", "DialCallDuration", "DialBridged", "RecordingUrl",
            "RecordingSid", "RecordingStatus", "RecordingDuration", "CallDuration", "Timestamp", "SipResponseCode", "ForwardedFrom", "ParentCallSid",
        })
        {
            foreach (var value in odd)
            {
                using var response = await _twilio.PostAsync(_app.Url + route + Position, (field, value));
                var status = (int)response.StatusCode;
                if (answersTwiML)
                    status.ShouldBe(200, $"{route} {field}");
                else
                    (status is 204 or 400 or 503).ShouldBeTrue($"{route} {field} gave {status}");
            }
        }
        // What reached the disk reads back as what it is.
        foreach (var spooled in _app.Spooled())
            spooled.GetProperty("payload").GetProperty("call").GetProperty("call_sid").GetString().ShouldBe(_twilio.CallSid);
    }

    [Fact]
    public async Task Speech_that_a_database_could_not_store_is_cleaned()
    {
        await _twilio.TwiMLAsync(_app.Url + "/voice/turn" + Position, ("SpeechResult", "a\u0000b\u0007 " + new string('x', 10_000)), ("Confidence", "7"));

        var turn = _app.SpooledOf<TurnSpoken>()[0];
        turn.Text.ShouldStartWith("ab x");
        turn.Text.Length.ShouldBe(CallInput);
        turn.Confidence.ShouldBeNull();
    }

    [Fact]
    public async Task What_is_too_large_or_broken_is_refused_before_anything_else()
    {
        (await StatusOf(new string('x', 70_000), "application/x-www-form-urlencoded")).ShouldBeOneOf(HttpStatusCode.BadRequest, HttpStatusCode.RequestEntityTooLarge);
        (await StatusOf("a=" + new string('x', 70_000), "application/x-www-form-urlencoded")).ShouldBeOneOf(HttpStatusCode.BadRequest, HttpStatusCode.RequestEntityTooLarge);
        (await StatusOf(string.Join('&', Enumerable.Range(0, 300).Select(i => $"a{i}=1")), "application/x-www-form-urlencoded")).ShouldBe(HttpStatusCode.BadRequest);
        (await StatusOf(new string('k', 2000) + "=1", "application/x-www-form-urlencoded")).ShouldBe(HttpStatusCode.BadRequest);
        (await StatusOf("{}", "application/json")).ShouldBe(HttpStatusCode.Forbidden);
        (await StatusOf("", "application/x-www-form-urlencoded")).ShouldBe(HttpStatusCode.Forbidden);
        (await StatusOf("%ff=%fe&&&===&%", "application/x-www-form-urlencoded; charset=utf-7")).ShouldBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("GET", "/voice/incoming", HttpStatusCode.Forbidden)]
    [InlineData("PUT", "/voice/status", HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/voice/unknown", HttpStatusCode.NotFound)]
    public async Task Other_methods_and_paths_lead_nowhere(string method, string path, HttpStatusCode status)
    {
        KeyValuePair<string, string>[] form = method == "GET" ? [] : [.. _twilio.Base];
        var url = _app.Url + path + (method == "GET" ? $"?AccountSid={VoiceApp.AccountSid}" : "");
        using var request = new HttpRequestMessage(new HttpMethod(method), url) { Content = method == "GET" ? null : new FormUrlEncodedContent(form) };
        request.Headers.Add("X-Twilio-Signature", new RequestValidator(SignatureVectors.Token).Sign(url, form));

        using var response = await _app.Client.SendAsync(request, TestContext.Current.CancellationToken);

        response.StatusCode.ShouldBe(status);
    }

    private const int CallInput = CallerInput.MaxSpeechLength;

    private async Task<HttpStatusCode> StatusOf(string body, string contentType)
    {
        using var content = new ByteArrayContent(Encoding.ASCII.GetBytes(body));
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        using var request = new HttpRequestMessage(HttpMethod.Post, _app.Url + "/voice/incoming") { Content = content };
        request.Headers.Add("X-Twilio-Signature", new RequestValidator(SignatureVectors.Token).Sign(_app.Url + "/voice/incoming", []));
        using var response = await _app.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    private static async Task ShouldBeRefused(HttpResponseMessage response, bool answersTwiML, string what)
    {
        using var refused = response;
        var body = await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        if (answersTwiML)
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.OK, what);
            XDocument.Parse(body).Root!.Elements().Select(verb => verb.Name.LocalName).ShouldBe(["Say", "Hangup"], what);
            return;
        }
        refused.StatusCode.ShouldBe(HttpStatusCode.BadRequest, what);
        refused.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        body.ShouldContain("\"error\":\"invalid_parameter\"");
    }
}
