using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace KestrelVoice.Features.Tests.Calls;

public sealed class ListCallLogsTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task A_finished_call_is_listed_with_what_was_said()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Hears("How can I help?"), call.Says("My sink drips."), call.Ended());

        var list = await Read(app.ClientFor(tenant), "/api/call-logs");

        list.GetProperty("pagination").GetRawText().ShouldBe("""{"total":1,"limit":20,"offset":0,"next_cursor":null}""");
        var item = list.GetProperty("data").EnumerateArray().ShouldHaveSingleItem();
        item.GetProperty("id").GetString().ShouldStartWith("call_");
        item.GetProperty("phone_number").GetString().ShouldBe("+15035559876");
        item.GetProperty("status").GetString().ShouldBe("completed");
        item.GetProperty("outcome").GetString().ShouldBe("message_taken");
        item.GetProperty("duration").GetInt32().ShouldBe(42);
        item.GetProperty("transcript").GetString().ShouldBe("Receptionist: How can I help?\nCaller: My sink drips.");
        item.GetProperty("created_at").GetString().ShouldBe("2026-03-04T12:00:00Z");
        item.GetProperty("emergency").GetBoolean().ShouldBeFalse();
        item.GetProperty("recording_url").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    private static async Task<JsonElement> Read(HttpClient client, string path)
    {
        var response = await client.GetAsync(path, TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(HttpStatusCode.OK, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }
}
