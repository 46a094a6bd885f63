using System.Globalization;
using System.Net.Http.Headers;
using System.Xml.Linq;
using KestrelVoice.Voice.Tests.Twilio;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Tests;

/// <summary>Sends a call's webhooks as Twilio does, signed, to the URLs that TwiML named.</summary>
internal sealed class SimulatedTwilio(HttpClient client, string baseUrl, string token = SignatureVectors.Token)
{
    private static long _calls;

    public string CallSid { get; } = "CA" + (DateTime.UnixEpoch.Ticks + Interlocked.Increment(ref _calls)).ToString("x32", CultureInfo.InvariantCulture);

    public Dictionary<string, string> Base => new(StringComparer.Ordinal)
    {
        ["CallSid"] = CallSid,
        ["AccountSid"] = VoiceApp.AccountSid,
        ["From"] = Tenant.Caller,
        ["To"] = Tenant.Number,
        ["Caller"] = Tenant.Caller,
        ["Called"] = Tenant.Number,
        ["CallStatus"] = "in-progress",
        ["ApiVersion"] = "2010-04-01",
        ["Direction"] = "inbound",
        ["FromCity"] = "",
    };

    public Task<XElement> CallsAsync(params (string Name, string Value)[] fields) =>
        TwiMLAsync(baseUrl + "/voice/incoming", [("CallStatus", "ringing"), .. fields]);

    public Task<HttpResponseMessage> StatusAsync(string status, params (string Name, string Value)[] fields) =>
        PostAsync(baseUrl + "/voice/status", [("CallStatus", status), .. fields]);

    public async Task<XElement> TwiMLAsync(string url, params (string Name, string Value)[] fields)
    {
        using var response = await PostAsync(url, fields);
        var body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        ((int)response.StatusCode).ShouldBe(200, body);
        response.Content.Headers.ContentType!.ToString().ShouldBe("application/xml; charset=utf-8");
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        var document = XDocument.Parse(body).Root!;
        document.Name.LocalName.ShouldBe("Response");
        return document;
    }

    public Task<HttpResponseMessage> PostAsync(string url, params (string Name, string Value)[] fields)
    {
        var form = Base;
        foreach (var (name, value) in fields)
            form[name] = value;
        return PostFormAsync(url, form);
    }

    public Task<HttpResponseMessage> PostFormAsync(string url, IEnumerable<KeyValuePair<string, string>> form, string? signedUrl = null, IEnumerable<KeyValuePair<string, string>>? signedForm = null)
    {
        var fields = form.ToArray();
        var request = new HttpRequestMessage(HttpMethod.Post, Verbatim(url))
        {
            Content = new ByteArrayContent(System.Text.Encoding.ASCII.GetBytes(Encode(fields))),
        };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/x-www-form-urlencoded; charset=UTF-8");
        request.Headers.Add("X-Twilio-Signature", new RequestValidator(token).Sign(signedUrl ?? url, signedForm ?? fields));
        return client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    // What is signed must arrive as it is, however odd.
    private static Uri Verbatim(string url) => new(url.Split('#')[0], new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });

    // FormUrlEncodedContent refuses what is too long for a URI, which a form is not.
    private static string Encode(IEnumerable<KeyValuePair<string, string>> fields) =>
        string.Join('&', fields.Select(field => $"{Uri.EscapeDataString(field.Key)}={Uri.EscapeDataString(field.Value)}"));
}
