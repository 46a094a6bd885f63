using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Demo;
using KestrelVoice.Features.Tests.Calls;

namespace KestrelVoice.Features.Tests.Events;

public sealed class CallAnnouncementTests : IClassFixture<KestrelVoiceApp>
{
    private readonly KestrelVoiceApp app;

    public CallAnnouncementTests(KestrelVoiceApp app)
    {
        this.app = app;
        app.Settings["ConnectionStrings:Migrations"] = app.Database.Owner;
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_completed_call_is_told_with_what_is_known_of_it()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Hears("How can I help?"), call.Says("My sink <drips>, über & über."), call.Ended(seconds: 42));

        var told = (await Told(tenant)).ShouldHaveSingleItem();

        var log = (await app.ClientFor(tenant).ReadAsync("/api/call-logs")).Data().Single();
        told.GetProperty("sequence").GetInt64().ShouldBe(1);
        told.GetProperty("event").GetString().ShouldBe("call.completed");
        told.GetProperty("timestamp").GetDateTimeOffset().ShouldBe(KestrelVoiceApp.Noon.AddSeconds(3));
        var data = told.GetProperty("data");
        data.EnumerateObject().Select(member => member.Name).ShouldBe(
            ["call_id", "phone_number", "duration", "outcome", "transcript", "recording_url", "direction", "emergency", "started_at", "ended_at"]);
        data.GetProperty("call_id").GetString().ShouldBe(log.Id());
        data.GetProperty("phone_number").GetString().ShouldBe("+15035559876");
        data.GetProperty("duration").GetInt32().ShouldBe(42);
        data.GetProperty("outcome").GetString().ShouldBe("message_taken");
        data.GetProperty("transcript").GetString().ShouldBe(log.GetProperty("transcript").GetString());
        // The notice was played, so there will be a recording.
        data.GetProperty("recording_url").GetString().ShouldBe($"https://api.example.test/api/call-logs/{log.Id()}/recording");
        data.GetProperty("emergency").GetBoolean().ShouldBeFalse();
        data.GetProperty("ended_at").GetDateTimeOffset().ShouldBe(KestrelVoiceApp.Noon.AddSeconds(3));
    }

    [Fact]
    public async Task What_happened_in_the_moment_of_the_end_is_told_with_it_though_the_end_overtook_it()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 11, KestrelVoiceApp.Noon);
        var (words, dialed, ended) = (call.Says("Please put me through."), call.Dials(DialTarget.Person, bridged: true), call.Ended());
        foreach (var callEvent in new CallEvent[] { words, ended, dialed })
            (await app.Deliver(callEvent)).EnsureSuccessStatusCode();
        (await Told(tenant)).ShouldBeEmpty();

        await app.WhatIsDueIsTold(after: CallAnnouncements.Settling);

        (await Told(tenant)).ShouldHaveSingleItem().GetProperty("data").GetProperty("outcome").GetString().ShouldBe("transferred");
    }

    [Fact]
    public async Task The_payload_has_the_four_documented_members_and_the_events_own_id()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 2, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Says("Hello, it drips."), call.Ended());

        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        var payload = JsonElement.Parse(await connection.QuerySingleAsync<byte[]>("select payload from tenant_events where tenant_id = @Id", new { tenant.Id }));

        payload.EnumerateObject().Select(member => member.Name).ShouldBe(["event", "timestamp", "id", "data"]);
        payload.Id().ShouldBe((await Told(tenant)).Single().Id());
        payload.GetProperty("timestamp").GetString().ShouldBe("2026-03-04T12:00:01Z");
        payload.GetProperty("data").GetProperty("recording_url").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task Whatever_order_a_calls_events_come_in_and_however_often_its_end_is_told_once()
    {
        var tenant = await app.GivenATenant();
        var calls = Enumerable.Range(100, 8).Select(number => new PhoneCall(tenant, number, KestrelVoiceApp.Noon)).ToList();
        var deliveries = calls.SelectMany(call => new CallEvent[]
        {
            call.Started(), call.Says("A burst pipe!"), call.Emergency(), call.Dials(DialTarget.OnCall, bridged: true), call.Recording(RecordingKind.Call), call.Ended(),
        }).SelectMany(callEvent => new[] { callEvent, callEvent, callEvent }).ToArray();
        new Random(3).Shuffle(deliveries);

        foreach (var answer in await Task.WhenAll(deliveries.Select(app.Deliver)))
            answer.EnsureSuccessStatusCode();
        await app.WhatIsDueIsTold(TimeSpan.FromSeconds(11));

        var told = await Told(tenant);
        told.Select(item => item.GetProperty("sequence").GetInt64()).ShouldBe(Enumerable.Range(1, told.Count).Select(number => (long)number));
        told.GroupBy(item => item.GetProperty("data").GetProperty("call_id").GetString()).Count().ShouldBe(8);
        told.Count(item => item.GetProperty("event").GetString() is "call.completed" or "call.missed").ShouldBe(8);
        told.Count(item => item.GetProperty("event").GetString() is "emergency.detected").ShouldBe(8);
    }

    [Fact]
    public async Task A_hang_up_is_told_as_missed_after_the_grace()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 3, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Hears("How can I help?"), call.Ended());
        (await Told(tenant)).ShouldBeEmpty();

        await app.WhatIsDueIsTold(TimeSpan.FromSeconds(11));

        (await Told(tenant)).ShouldHaveSingleItem().GetProperty("event").GetString().ShouldBe("call.missed");
    }

    [Fact]
    public async Task Words_that_arrive_within_the_grace_make_it_a_completed_call()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 4, KestrelVoiceApp.Noon);
        var (started, words, ended) = (call.Started(), call.Says("My heating is out."), call.Ended());
        await app.GivenACall(started, ended, words);

        (await Told(tenant)).ShouldHaveSingleItem().GetProperty("event").GetString().ShouldBe("call.completed");

        (await PutOff(tenant)).ShouldBe(0);
    }

    [Fact]
    public async Task What_a_tenant_was_told_of_an_end_is_not_told_otherwise_later()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 5, KestrelVoiceApp.Noon);
        var (started, words, ended) = (call.Started(), call.Says("My heating is out."), call.Ended());
        await app.GivenACall(started, ended);
        await app.WhatIsDueIsTold(TimeSpan.FromSeconds(11));

        await app.GivenACall(words);

        (await Told(tenant)).ShouldHaveSingleItem().GetProperty("event").GetString().ShouldBe("call.missed");
        (await app.ClientFor(tenant).ReadAsync("/api/call-logs?status=completed")).Total().ShouldBe(1);
        (await Completed(tenant)).ShouldBe(1);
    }

    [Theory]
    [InlineData("busy")]
    [InlineData("no-answer")]
    [InlineData("canceled")]
    [InlineData("failed")]
    public async Task What_the_carrier_never_put_through_is_missed_at_once(string status)
    {
        var tenant = await app.GivenATenant();
        await app.GivenACall(new PhoneCall(tenant, 6, KestrelVoiceApp.Noon).Ended(status, seconds: 0));

        (await Told(tenant)).ShouldHaveSingleItem().GetProperty("event").GetString().ShouldBe("call.missed");
        (await Completed(tenant)).ShouldBe(0);
    }

    [Fact]
    public async Task An_emergency_is_told_while_the_caller_is_on_the_line_with_the_sentence()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 7, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("Help, a burst pipe in the basement!"), call.Emergency("burst pipe"));

        var told = (await Told(tenant)).ShouldHaveSingleItem();

        told.GetProperty("event").GetString().ShouldBe("emergency.detected");
        var data = told.GetProperty("data");
        data.EnumerateObject().Select(member => member.Name).ShouldBe(["call_id", "phone_number", "phrase", "said", "started_at"]);
        data.GetProperty("phrase").GetString().ShouldBe("burst pipe");
        data.GetProperty("said").GetString().ShouldBe("Help, a burst pipe in the basement!");
    }

    [Fact]
    public async Task An_emergency_that_overtook_its_sentence_waits_for_it_but_not_long()
    {
        var tenant = await app.GivenATenant();
        var (first, second) = (new PhoneCall(tenant, 8, KestrelVoiceApp.Noon), new PhoneCall(tenant, 9, KestrelVoiceApp.Noon));
        var (sentence, emergency) = (first.Says("Flooding!"), first.Emergency("flooding"));
        await app.GivenACall(emergency);
        (await Told(tenant)).ShouldBeEmpty();

        await app.GivenACall(sentence);
        (await Told(tenant)).ShouldHaveSingleItem().GetProperty("data").GetProperty("said").GetString().ShouldBe("Flooding!");

        second.Says("Lost on the way.");
        await app.GivenACall(second.Emergency("flooding"));
        await app.WhatIsDueIsTold(TimeSpan.FromSeconds(2));
        (await Told(tenant))[1].GetProperty("data").GetProperty("said").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task Every_event_leaves_one_reference_for_its_topic_and_nothing_a_caller_said()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 10, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("A burst pipe!"), call.Emergency(), call.Ended());

        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        var rows = (await connection.QueryAsync<(string Topic, string Data, bool Urgent)>(
            "select topic, data::text, urgent from outbox where data ->> 'tenant_id' = @Id::text order by created_at, id", new { tenant.Id })).ToList();

        rows.Select(row => row.Topic).ShouldBe([Topics.TenantEventsUrgent, Topics.TenantEvents, Topics.CompletedCalls], ignoreOrder: true);
        rows.Single(row => row.Urgent).Topic.ShouldBe(Topics.TenantEventsUrgent);
        rows.ShouldAllBe(row => JsonElement.Parse(row.Data).EnumerateObject().All(member => member.Value.GetString()!.Length == 36));
    }

    [Fact]
    public async Task Nobody_is_told_of_the_demos_history()
    {
        app.StartServer();

        var seeded = await DemoSeed.RunAsync(app.Services, withCalls: true, Stop);

        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        (await connection.QuerySingleAsync<long>(
            """
            select (select count(*) from tenant_events where tenant_id = @TenantId)
                 + (select count(*) from call_announcements where tenant_id = @TenantId)
                 + (select count(*) from outbox where data ->> 'tenant_id' = @TenantId::text)
            """, new { seeded.TenantId })).ShouldBe(0);
    }

    private async Task<IReadOnlyList<JsonElement>> Told(TestTenant tenant) => (await app.ClientFor(tenant).ReadAsync("/api/events?limit=100")).Data();

    private async Task<long> Completed(TestTenant tenant) => await Count(
        "select count(*) from outbox where topic = 'completed-calls' and data ->> 'tenant_id' = @Id::text", tenant);

    private async Task<long> PutOff(TestTenant tenant) => await Count("select count(*) from call_announcements where tenant_id = @Id", tenant);

    private async Task<long> Count(string sql, TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        return await connection.QuerySingleAsync<long>(sql, new { tenant.Id });
    }
}
