using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using KestrelVoice.CallSimulator.Recordings;

namespace KestrelVoice.CallSimulator.Tests;

public sealed class TextTests : IAsyncLifetime
{
    private const string From = "+15035550100";
    private const string To = "+15035550142";

    private readonly HttpClient http = new();
    private TwilioStandIn standIn = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        standIn = await TwilioStandIn.StartAsync(Path.GetTempPath(), TwimlApp.AccountSid, TwimlApp.AuthToken, cancellationToken: Token);

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await standIn.DisposeAsync();
    }

    [Fact]
    public async Task A_text_is_taken_and_can_be_read_in_the_shape_of_Twilio()
    {
        var (status, taken) = await SendAsync(From, To, "It is booked.");

        status.ShouldBe(HttpStatusCode.Created);
        var sid = taken.GetProperty("sid").GetString()!;
        sid.ShouldMatch("^SM[0-9a-f]{32}$");
        taken.GetProperty("status").GetString().ShouldBe("queued");
        taken.GetProperty("date_sent").ValueKind.ShouldBe(JsonValueKind.Null);
        taken.GetProperty("num_segments").GetString().ShouldBe("1");
        taken.GetProperty("uri").GetString().ShouldBe($"/2010-04-01/Accounts/{TwimlApp.AccountSid}/Messages/{sid}.json");
        DateTimeOffset.TryParse(taken.GetProperty("date_created").GetString(), System.Globalization.CultureInfo.InvariantCulture, out _).ShouldBeTrue();

        var listed = (await ListAsync($"?To={Uri.EscapeDataString(To)}")).ShouldHaveSingleItem();
        (listed.GetProperty("sid").GetString(), listed.GetProperty("status").GetString()).ShouldBe((sid, "delivered"));
        (listed.GetProperty("from").GetString(), listed.GetProperty("body").GetString()).ShouldBe((From, "It is booked."));
        (await ListAsync($"?To={Uri.EscapeDataString(From)}")).ShouldBeEmpty();
        standIn.Texts.ShouldHaveSingleItem().Sid.ShouldBe(sid);
    }

    [Theory]
    [InlineData("", To, "x", 21603)]
    [InlineData(From, "", "x", 21604)]
    [InlineData(From, To, "", 21602)]
    [InlineData(From, "12345", "x", 21211)]
    [InlineData("MAPLE", To, "x", 21212)]
    [InlineData(From, "+15035550177", "x", 21610)]
    public async Task What_Twilio_refuses_is_refused_with_its_code(string from, string to, string body, int code)
    {
        standIn.OptOut("+15035550177");

        var (status, refusal) = await SendAsync(from, to, body);

        status.ShouldBe(HttpStatusCode.BadRequest);
        refusal.GetProperty("code").GetInt32().ShouldBe(code);
        refusal.GetProperty("status").GetInt32().ShouldBe(400);
        refusal.GetProperty("more_info").GetString().ShouldBe($"https://www.twilio.com/docs/errors/{code}");
        standIn.Texts.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_body_beyond_the_limit_and_a_wrong_token_are_refused()
    {
        (await SendAsync(From, To, new string('x', 1601))).Body.GetProperty("code").GetInt32().ShouldBe(21617);
        (await SendAsync(From, To, "x", "wrong")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(string from, string to, string body, string token = TwimlApp.AuthToken)
    {
        using var request = Request(HttpMethod.Post, "", token);
        request.Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["From"] = from, ["To"] = to, ["Body"] = body });
        using var response = await http.SendAsync(request, Token);
        return (response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync(Token)));
    }

    private async Task<List<JsonElement>> ListAsync(string query)
    {
        using var request = Request(HttpMethod.Get, query, TwimlApp.AuthToken);
        using var response = await http.SendAsync(request, Token);
        return [.. JsonElement.Parse(await response.Content.ReadAsStringAsync(Token)).GetProperty("messages").EnumerateArray()];
    }

    private HttpRequestMessage Request(HttpMethod method, string query, string token) =>
        new(method, new Uri(standIn.BaseUrl, $"/2010-04-01/Accounts/{TwimlApp.AccountSid}/Messages.json{query}"))
        {
            Headers =
            {
                Authorization = new AuthenticationHeaderValue(
                    "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{TwimlApp.AccountSid}:{token}"))),
            },
        };
}
