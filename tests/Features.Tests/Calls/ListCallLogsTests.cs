using System.Text.Json;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Tests.Calls;

public sealed class ListCallLogsTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_finished_call_is_listed_with_what_was_said()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Hears("How can I help?"), call.Says("My sink drips."), call.Ended());

        var list = await app.ClientFor(tenant).ReadAsync("/api/call-logs");

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

    [Theory]
    [InlineData("My sink drips.")]
    [InlineData("\"Wet\", she said: it's <cold> & damp\\, 100 % – 😀\u0001\t\r\n\u2028é")]
    public async Task A_list_shows_of_a_call_what_its_detail_shows_to_the_letter(string words)
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon.AddTicks(1_234_560));
        await app.GivenACall(call.Started(), call.Says(words), call.Emergency(), call.Recording(RecordingKind.Call), call.Ended());
        await app.GivenACall(new PhoneCall(tenant, 2, KestrelVoiceApp.Noon, from: "anonymous").Started());
        var client = app.ClientFor(tenant);

        foreach (var item in (await client.ReadAsync("/api/call-logs")).Data())
        {
            var detail = (await client.ReadAsync($"/api/call-logs/{item.Id()}")).EnumerateObject().Take(10);
            item.EnumerateObject().Select(member => member.ToString()).ShouldBe(detail.Select(member => member.ToString()));
        }
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=101", "limit")]
    [InlineData("limit=-1", "limit")]
    [InlineData("limit=abc", "limit")]
    [InlineData("limit=", "limit")]
    [InlineData("limit=1.5", "limit")]
    [InlineData("limit=99999999999999999999", "limit")]
    [InlineData("limit=5&limit=6", "limit")]
    [InlineData("offset=-1", "offset")]
    [InlineData("offset=2147483648", "offset")]
    [InlineData("offset=x", "offset")]
    [InlineData("cursor=nonsense", "cursor")]
    [InlineData("cursor=", "cursor")]
    [InlineData("cursor=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "cursor")]
    [InlineData("cursor=_________________________________", "cursor")]
    [InlineData("status=done", "status")]
    [InlineData("status=", "status")]
    [InlineData("status=completed&status=missed", "status")]
    [InlineData("outcome=booked", "outcome")]
    [InlineData("outcome=failed&bookable=true", "outcome")]
    [InlineData("bookable=false", "bookable")]
    [InlineData("emergency=yes", "emergency")]
    [InlineData("emergency=", "emergency")]
    [InlineData("recovered=1", "recovered")]
    [InlineData("from_date=yesterday", "from_date")]
    [InlineData("from_date=2026-02-30", "from_date")]
    [InlineData("from_date=2026-3-4", "from_date")]
    [InlineData("from_date=0001-01-01", "from_date")]
    [InlineData("from_date=9999-12-31", "from_date")]
    [InlineData("from_date=2026-03-04T12:00:00", "from_date")]
    [InlineData("from_date=2026-03-04T25:00:00Z", "from_date")]
    [InlineData("to_date=04.03.2026", "to_date")]
    [InlineData("to_date=2026-03-04T12:00:00+01:00", "to_date")]
    [InlineData("Limit=5", "Limit")]
    [InlineData("frm_date=2026-03-04", "frm_date")]
    [InlineData("tenant_id=5", "tenant_id")]
    public async Task A_parameter_that_is_not_right_is_named(string query, string parameter)
    {
        var tenant = await app.GivenATenant();

        await (await app.ClientFor(tenant).GetAsync("/api/call-logs?" + query, Token)).ShouldBeInvalid(parameter);
    }

    [Fact]
    public async Task Cursor_and_offset_exclude_each_other()
    {
        var tenant = await GivenCalls(3);
        var cursor = (await app.ClientFor(tenant).ReadAsync("/api/call-logs?limit=1")).NextCursor();

        await (await app.ClientFor(tenant).GetAsync($"/api/call-logs?offset=0&cursor={cursor}", Token)).ShouldBeInvalid("cursor");
    }

    [Fact]
    public async Task Limit_and_offset_may_be_at_their_ends()
    {
        var tenant = await GivenCalls(2);
        var client = app.ClientFor(tenant);

        (await client.ReadAsync("/api/call-logs?limit=1")).Data().Count.ShouldBe(1);
        (await client.ReadAsync("/api/call-logs?limit=100")).Data().Count.ShouldBe(2);
        (await client.ReadAsync("/api/call-logs?offset=2147483647")).Data().ShouldBeEmpty();
    }

    [Fact]
    public async Task Pages_by_offset_and_by_cursor_are_the_same_newest_first()
    {
        var tenant = await GivenCalls(7);
        var client = app.ClientFor(tenant);
        var all = (await client.ReadAsync("/api/call-logs?limit=100")).Data().Select(item => item.Id()).ToList();

        var byOffset = new List<string>();
        for (var offset = 0; offset < 7; offset += 3)
            byOffset.AddRange((await client.ReadAsync($"/api/call-logs?limit=3&offset={offset}")).Data().Select(item => item.Id()));

        all.Count.ShouldBe(7);
        byOffset.ShouldBe(all);
        (await Walk(client, "limit=3")).ShouldBe(all);
        (await client.ReadAsync("/api/call-logs?limit=7")).NextCursor().ShouldBeNull();
    }

    [Fact]
    public async Task A_cursor_stays_in_its_place_while_calls_arrive()
    {
        var tenant = await GivenCalls(6);
        var client = app.ClientFor(tenant);
        var before = (await client.ReadAsync("/api/call-logs?limit=100")).Data().Select(item => item.Id()).ToList();
        var first = await client.ReadAsync("/api/call-logs?limit=2");

        await app.GivenACall(new PhoneCall(tenant, 900, KestrelVoiceApp.Noon.AddDays(1)).Started());
        var rest = await Walk(client, "limit=2", first.NextCursor());

        rest.ShouldBe(before.Skip(2));
    }

    [Fact]
    public async Task Calls_of_the_same_instant_are_neither_lost_nor_doubled_between_pages()
    {
        var tenant = await app.GivenATenant();
        for (var number = 0; number < 5; number++)
            await app.GivenACall(new PhoneCall(tenant, number + 1, KestrelVoiceApp.Noon).Started());

        var seen = await Walk(app.ClientFor(tenant), "limit=2");

        seen.Count.ShouldBe(5);
        seen.ShouldBeUnique();
    }

    [Fact]
    public async Task Status_filters_items_and_total()
    {
        var tenant = await app.GivenATenant();
        var (missed, talked, open) = (new PhoneCall(tenant, 1, KestrelVoiceApp.Noon), new PhoneCall(tenant, 2, KestrelVoiceApp.Noon), new PhoneCall(tenant, 3, KestrelVoiceApp.Noon));
        await app.GivenACall(missed.Started(), missed.Ended(), talked.Started(), talked.Says("Hello"), talked.Ended(), open.Started());

        foreach (var status in new[] { "missed", "completed", "in-progress" })
        {
            var list = await app.ClientFor(tenant).ReadAsync("/api/call-logs?status=" + status);

            list.Total().ShouldBe(1);
            list.Data().ShouldHaveSingleItem().GetProperty("status").GetString().ShouldBe(status);
        }
    }

    [Theory]
    [InlineData("from_date=2026-03-04", "b c d")]
    [InlineData("to_date=2026-03-04", "a b c")]
    [InlineData("from_date=2026-03-04&to_date=2026-03-04", "b c")]
    [InlineData("from_date=2026-03-05", "d")]
    [InlineData("to_date=2026-03-03", "a")]
    [InlineData("from_date=2026-03-04T08:00:00Z", "b c d")]
    [InlineData("from_date=2026-03-04T08:00:00.000001Z", "c d")]
    [InlineData("to_date=2026-03-04T08:00:00Z", "a")]
    [InlineData("to_date=2026-03-04T00:00:01-08:00", "a b")]
    [InlineData("from_date=2026-03-04&to_date=2026-03-05T07:59:59.999999Z", "b")]
    [InlineData("from_date=2026-03-05&to_date=2026-03-04", "")]
    public async Task A_bare_date_is_a_whole_day_where_the_business_is_and_an_instant_is_exact(string query, string expected)
    {
        var tenant = await app.GivenATenant("America/Los_Angeles");
        // Pacific time is eight hours behind: these are one microsecond before, and at, two of its midnights.
        (string Name, DateTimeOffset At)[] calls =
        [
            ("a", new DateTimeOffset(2026, 3, 4, 8, 0, 0, TimeSpan.Zero).AddMicroseconds(-1)), ("b", new(2026, 3, 4, 8, 0, 0, TimeSpan.Zero)),
            ("c", new DateTimeOffset(2026, 3, 5, 8, 0, 0, TimeSpan.Zero).AddMicroseconds(-1)), ("d", new(2026, 3, 5, 8, 0, 0, TimeSpan.Zero)),
        ];
        foreach (var (name, at) in calls)
            await app.GivenACall(new PhoneCall(tenant, name[0], at, from: name).Started());

        var list = await app.ClientFor(tenant).ReadAsync("/api/call-logs?" + Uri.EscapeDataString(query).Replace("%3D", "=").Replace("%26", "&"));

        var found = list.Data().Select(item => item.GetProperty("phone_number").GetString()!).Order();
        string.Join(' ', found).ShouldBe(expected);
        list.Total().ShouldBe(list.Data().Count);
    }

    [Fact]
    public async Task The_day_the_clocks_change_is_a_whole_day_too()
    {
        var tenant = await app.GivenATenant("America/Los_Angeles");
        // 8 March 2026 has 23 hours there, from 08:00Z to 07:00Z.
        await app.GivenACall(new PhoneCall(tenant, 1, new(2026, 3, 9, 6, 59, 59, TimeSpan.Zero)).Started());
        await app.GivenACall(new PhoneCall(tenant, 2, new(2026, 3, 9, 7, 0, 0, TimeSpan.Zero)).Started());

        (await app.ClientFor(tenant).ReadAsync("/api/call-logs?from_date=2026-03-08&to_date=2026-03-08")).Total().ShouldBe(1);
    }

    private async Task<TestTenant> GivenCalls(int count)
    {
        var tenant = await app.GivenATenant();
        for (var number = 0; number < count; number++)
            await app.GivenACall(new PhoneCall(tenant, number + 1, KestrelVoiceApp.Noon.AddMinutes(number)).Started());
        return tenant;
    }

    private static async Task<IReadOnlyList<string>> Walk(HttpClient client, string query, string? cursor = null)
    {
        var seen = new List<string>();
        do
        {
            var page = await client.ReadAsync($"/api/call-logs?{query}{(cursor is null ? "" : "&cursor=" + cursor)}");
            seen.AddRange(page.Data().Select(item => item.Id()));
            cursor = page.NextCursor();
        }
        while (cursor is not null && seen.Count < 1000);
        return seen;
    }
}
