using System.Net;
using System.Text.Json;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Events;

namespace KestrelVoice.Features.Tests.Webhooks.Messages;

public sealed class ReadMessagesTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_log_is_read_page_by_page_newest_first()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var endpoint = (await client.GivenAnEndpoint()).Id();
        var other = (await client.GivenAnEndpoint()).Id();
        var given = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            given.Insert(0, (await app.GivenAMessage(tenant, endpoint)).Id);
            await app.GivenAMessage(tenant, other);
            app.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var read = new List<string>();
        var query = "?limit=2";
        for (var page = 0; page < 3; page++)
        {
            var list = await client.ReadAsync($"/api/webhooks/{endpoint}/messages{query}");
            list.Total().ShouldBe(5);
            read.AddRange(list.Data().Select(item => item.Id()));
            query = "?limit=2&cursor=" + list.NextCursor();
        }

        read.ShouldBe(given);
        query.ShouldBe("?limit=2&cursor=");
    }

    [Fact]
    public async Task The_log_is_filtered_by_state_event_and_day()
    {
        var tenant = await app.GivenATenant(timeZone: "America/Los_Angeles");
        using var client = app.ClientFor(tenant);
        var path = $"/api/webhooks/{(await client.GivenAnEndpoint()).Id()}";
        var today = app.Clock.GetUtcNow();
        await app.GivenAMessage(tenant, path.Split('/')[^1], "failed");
        await app.GivenAMessage(tenant, path.Split('/')[^1], "retrying", "call.missed");
        app.Clock.Advance(TimeSpan.FromDays(1));
        await app.GivenAMessage(tenant, path.Split('/')[^1], "failed", "call.missed");

        async Task<long> Count(string query) => (await client.ReadAsync($"{path}/messages?{query}")).Total();
        (await Count("state=failed")).ShouldBe(2);
        (await Count("state=delivered")).ShouldBe(0);
        (await Count("event=call.missed")).ShouldBe(2);
        (await Count("state=failed&event=call.missed")).ShouldBe(1);
        (await Count($"to_date={today:yyyy-MM-dd}")).ShouldBe(2);
        (await Count($"from_date={today.AddDays(1):yyyy-MM-dd}")).ShouldBe(1);
        (await Count($"from_date={today.AddSeconds(1):yyyy-MM-ddTHH:mm:ssZ}&to_date={today.AddDays(2):yyyy-MM-ddTHH:mm:ssZ}")).ShouldBe(1);
    }

    [Fact]
    public async Task A_message_shows_what_was_sent_and_what_came_of_it()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var endpoint = (await client.GivenAnEndpoint()).Id();
        var stored = await app.GivenAMessage(tenant, endpoint, "retrying");

        var item = (await client.ReadAsync($"/api/webhooks/{endpoint}/messages")).Data().ShouldHaveSingleItem();
        var message = await client.ReadAsync($"/api/webhooks/{endpoint}/messages/{stored.Id}");

        item.Names().ShouldBe(
            ["id", "event", "event_id", "test", "state", "attempt_count", "next_attempt_at", "last_status", "last_error", "created_at", "finished_at"]);
        message.Names().ShouldBe(item.Names().Concat(["sequence", "payload", "attempts"]));
        message.Text("state").ShouldBe("retrying");
        message.Text("event_id").ShouldBe(TypeId.Format(TypeId.Event, stored.Event.Id));
        message.GetProperty("next_attempt_at").GetDateTimeOffset().ShouldBe(app.Clock.GetUtcNow().AddHours(1));
        message.GetProperty("sequence").GetInt64().ShouldBe(1);
        JsonElement.DeepEquals(message.GetProperty("payload"), JsonElement.Parse(stored.Event.Payload)).ShouldBeTrue();
        var attempt = message.GetProperty("attempts").EnumerateArray().ShouldHaveSingleItem();
        attempt.Names().ShouldBe(["number", "manual", "started_at", "duration_ms", "status", "error", "response_body"]);
        attempt.GetProperty("status").GetInt32().ShouldBe(500);
        attempt.Text("response_body").ShouldBe("as it answered");
    }

    [Fact]
    public async Task Past_the_retention_the_payload_is_gone_and_the_rest_stays()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var endpoint = (await client.GivenAnEndpoint()).Id();
        var stored = await app.GivenAMessage(tenant, endpoint);
        await app.GivenPayloadsPastRetention(tenant);

        (await client.ReadAsync($"/api/webhooks/{endpoint}/messages/{stored.Id}")).IsNull("payload").ShouldBeTrue();
    }

    [Fact]
    public async Task The_messages_of_a_hook_are_read_the_same_way()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var hook = (await client.GivenAHook()).Id();
        var stored = await app.GivenAMessage(tenant, hook);

        (await client.ReadAsync($"/api/webhooks/{hook}/messages")).Data().ShouldHaveSingleItem().Id().ShouldBe(stored.Id);
        (await client.ReadAsync($"/api/webhooks/{hook}/messages/{stored.Id}")).Id().ShouldBe(stored.Id);
    }

    [Fact]
    public async Task A_message_belongs_to_its_endpoint()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var (one, other) = ((await client.GivenAnEndpoint()).Id(), (await client.GivenAnEndpoint()).Id());
        var stored = await app.GivenAMessage(tenant, one);

        using var elsewhere = await client.GetAsync($"/api/webhooks/{other}/messages/{stored.Id}", Stop);
        using var nowhere = await client.GetAsync("/api/webhooks/we_00000000000000000000000000/messages", Stop);

        await elsewhere.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        await nowhere.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData("messages?state=sent", "state")]
    [InlineData("messages?event=call.ended", "event")]
    [InlineData("messages?from_date=2026-02-30", "from_date")]
    [InlineData("messages?to_date=yesterday", "to_date")]
    [InlineData("messages?limit=0", "limit")]
    [InlineData("messages?cursor=nonsense", "cursor")]
    [InlineData("messages?status=failed", "status")]
    [InlineData("messages/evt_00000000000000000000000000", "message_id")]
    public async Task A_bad_question_is_400(string rest, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var endpoint = (await client.GivenAnEndpoint()).Id();

        using var response = await client.GetAsync($"/api/webhooks/{endpoint}/{rest}", Stop);

        await response.ShouldBeInvalid(parameter);
    }
}
