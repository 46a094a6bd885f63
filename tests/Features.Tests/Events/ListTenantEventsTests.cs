using System.Text.Json;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Events;

public sealed class ListTenantEventsTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_stream_is_read_to_its_end_in_order_and_without_gaps()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant, "read");
        for (var i = 0; i < 7; i++)
            await app.GivenAnEvent(tenant, i % 2 == 0 ? "call.completed" : "call.missed");

        var sequences = new List<long>();
        var after = 0L;
        for (var page = 0; page < 4; page++)
        {
            var read = await client.ReadAsync($"/api/events?limit=3&after={after}");
            sequences.AddRange(read.Data().Select(item => item.GetProperty("sequence").GetInt64()));
            read.GetProperty("latest_sequence").GetInt64().ShouldBe(7);
            after = read.GetProperty("after").GetInt64();
        }

        sequences.ShouldBe([1, 2, 3, 4, 5, 6, 7]);
        after.ShouldBe(7);
    }

    [Fact]
    public async Task An_item_carries_what_was_delivered()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var stored = await app.GivenAnEvent(tenant, "emergency.detected", """{"call_id":"call_1","phrase":"burst pipe"}""");

        var item = (await client.ReadAsync("/api/events")).Data().ShouldHaveSingleItem();

        item.EnumerateObject().Select(member => member.Name).ShouldBe(["sequence", "event", "timestamp", "id", "data", "erased"]);
        item.GetProperty("event").GetString().ShouldBe("emergency.detected");
        item.GetProperty("timestamp").GetDateTimeOffset().ShouldBe(app.Clock.GetUtcNow());
        item.Id().ShouldBe(TypeId.Format(TypeId.Event, stored.Id));
        item.GetProperty("data").GetProperty("phrase").GetString().ShouldBe("burst pipe");
    }

    [Fact]
    public async Task After_takes_the_id_of_an_event_too()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var first = await app.GivenAnEvent(tenant);
        var second = await app.GivenAnEvent(tenant);

        foreach (var after in new[] { TypeId.Format(TypeId.Event, first.Id), first.Id.ToString() })
            (await client.ReadAsync("/api/events?after=" + after)).Data().ShouldHaveSingleItem().Id().ShouldBe(TypeId.Format(TypeId.Event, second.Id));
    }

    [Fact]
    public async Task With_a_filter_the_end_of_the_stream_is_told_all_the_same()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await app.GivenAnEvent(tenant, "call.missed");
        await app.GivenAnEvent(tenant, "call.completed");
        await app.GivenAnEvent(tenant, "call.completed");

        var read = await client.ReadAsync("/api/events?event=call.missed");

        read.Data().ShouldHaveSingleItem().GetProperty("sequence").GetInt64().ShouldBe(1);
        read.GetProperty("after").GetInt64().ShouldBe(3);
        (await client.ReadAsync("/api/events?event=call.completed&limit=1")).GetProperty("after").GetInt64().ShouldBe(2);
    }

    [Fact]
    public async Task Past_the_retention_an_event_still_counts_but_says_nothing()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await app.GivenAnEvent(tenant);
        await app.GivenPayloadsPastRetention(tenant);

        var item = (await client.ReadAsync("/api/events")).Data().ShouldHaveSingleItem();

        item.GetProperty("data").ValueKind.ShouldBe(JsonValueKind.Null);
        item.GetProperty("sequence").GetInt64().ShouldBe(1);
    }

    [Fact]
    public async Task At_the_end_and_beyond_nothing_comes()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);

        var empty = await client.ReadAsync("/api/events");
        (empty.Data().Count, empty.GetProperty("after").GetInt64(), empty.GetProperty("latest_sequence").GetInt64()).ShouldBe((0, 0, 0));

        await app.GivenAnEvent(tenant);
        var beyond = await client.ReadAsync("/api/events?after=12");
        (beyond.Data().Count, beyond.GetProperty("after").GetInt64(), beyond.GetProperty("latest_sequence").GetInt64()).ShouldBe((0, 12, 1));
    }

    [Theory]
    [InlineData("after=-1", "after")]
    [InlineData("after=evt_nonsense", "after")]
    [InlineData("after=evt_00000000000000000000000000", "after")]
    [InlineData("event=call.ended", "event")]
    [InlineData("limit=101", "limit")]
    [InlineData("offset=1", "offset")]
    public async Task A_bad_query_is_400(string query, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        await (await client.GetAsync("/api/events?" + query, Stop)).ShouldBeInvalid(parameter);
    }

    [Fact]
    public async Task Another_tenants_event_is_no_place_to_begin_and_no_number_is_skipped_for_it()
    {
        var (tenant, other) = (await app.GivenATenant(), await app.GivenATenant());
        using var client = app.ClientFor(tenant);
        var theirs = await app.GivenAnEvent(other);
        await app.GivenAnEvent(tenant);

        await (await client.GetAsync("/api/events?after=" + theirs.Id, Stop)).ShouldBeInvalid("after");
        var read = await client.ReadAsync("/api/events");
        read.Data().ShouldHaveSingleItem().GetProperty("sequence").GetInt64().ShouldBe(1);
        read.GetProperty("latest_sequence").GetInt64().ShouldBe(1);
    }
}
