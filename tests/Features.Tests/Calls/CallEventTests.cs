using System.Net;
using System.Text;
using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Tests.Calls;

public sealed class CallEventTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_repeated_event_changes_nothing()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        var turn = call.Says("Hello?");
        await app.GivenACall(call.Started(), turn, turn, turn);

        var list = await app.ClientFor(tenant).ReadAsync("/api/call-logs");

        list.Total().ShouldBe(1);
        list.Data().ShouldHaveSingleItem().GetProperty("transcript").GetString().ShouldBe("Caller: Hello?");
    }

    [Fact]
    public async Task The_same_events_at_the_same_time_make_one_call_log()
    {
        var tenant = await app.GivenATenant();
        var calls = Enumerable.Range(100, 6).Select(number => new PhoneCall(tenant, number, KestrelVoiceApp.Noon.AddMinutes(number))).ToList();
        var events = calls.SelectMany(call => new CallEvent[]
        {
            call.Started(), call.Hears("How can I help?"), call.Says("My sink drips."), call.Dials(DialTarget.Person, bridged: false),
            call.Voicemail(), call.Recording(RecordingKind.Voicemail), call.Ended(),
        }).ToList();
        var deliveries = Enumerable.Repeat(events, 4).SelectMany(copy => copy).ToArray();
        new Random(1).Shuffle(deliveries);

        var answers = await Task.WhenAll(deliveries.Select(app.Deliver));

        answers.ShouldAllBe(answer => answer.StatusCode == HttpStatusCode.OK);
        var list = await app.ClientFor(tenant).ReadAsync("/api/call-logs");
        list.Total().ShouldBe(calls.Count);
        list.Data().Count.ShouldBe(calls.Count);
        foreach (var item in list.Data())
        {
            item.GetProperty("outcome").GetString().ShouldBe("voicemail");
            item.GetProperty("transcript").GetString().ShouldBe("Receptionist: How can I help?\nCaller: My sink drips.");
        }
        (await app.ClientFor(tenant).ReadAsync("/api/call-logs?status=in-progress")).Total().ShouldBe(0);
    }

    [Fact]
    public async Task What_comes_after_the_end_is_still_added()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 2, KestrelVoiceApp.Noon);
        CallEvent[] events = [call.Started(), call.Voicemail(), call.Recording(RecordingKind.Voicemail), call.Ended()];
        await app.GivenACall(events[3]);
        (await app.ClientFor(tenant).ReadAsync("/api/call-logs?status=missed")).Total().ShouldBe(1);

        await app.GivenACall(events[2], events[1], events[0]);

        var list = await app.ClientFor(tenant).ReadAsync("/api/call-logs");
        list.Total().ShouldBe(1);
        var item = list.Data().Single();
        item.GetProperty("status").GetString().ShouldBe("completed");
        item.GetProperty("outcome").GetString().ShouldBe("voicemail");
        item.GetProperty("recording_url").GetString().ShouldBe($"https://api.example.test/api/call-logs/{item.Id()}/recording");
        (await app.ClientFor(tenant).ReadAsync("/api/call-logs?status=missed")).Total().ShouldBe(0);
    }

    [Fact]
    public async Task An_event_without_a_tenant_goes_to_the_owner_of_the_dialled_number()
    {
        var tenant = await app.GivenATenant();

        await app.GivenACall(new PhoneCall(tenant, 3, KestrelVoiceApp.Noon, ownerKnown: false).Started());

        (await app.ClientFor(tenant).ReadAsync("/api/call-logs")).Total().ShouldBe(1);
    }

    [Fact]
    public async Task A_number_that_nobody_owns_is_kept_as_a_dead_letter()
    {
        var started = new PhoneCall(null, "+15039990000", 4, KestrelVoiceApp.Noon).Started();

        await (await app.Deliver(started)).ShouldBe(HttpStatusCode.OK);
        await (await app.Deliver(started)).ShouldBe(HttpStatusCode.OK);

        (await DeadLetters(started.EventId)).ShouldHaveSingleItem().ShouldBe("nobodys_number");
    }

    [Fact]
    public async Task A_tenant_that_is_gone_leaves_a_dead_letter()
    {
        var ended = new PhoneCall(Guid.CreateVersion7(KestrelVoiceApp.Noon), "+15039990000", 5, KestrelVoiceApp.Noon).Ended();

        await (await app.Deliver(ended)).ShouldBe(HttpStatusCode.OK);

        (await DeadLetters(ended.EventId)).ShouldHaveSingleItem().ShouldBe("tenant_gone");
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("\"text\"")]
    [InlineData("""{"event_id":"e","sequence":0,"at":"2026-03-04T12:00:00Z"}""")]
    [InlineData("""{"event_id":"e","sequence":"0"}""")]
    public async Task An_event_of_the_wrong_shape_is_dropped_into_the_dead_letters(string data)
    {
        foreach (var type in AllTypes())
        {
            using var response = await app.Deliver(type, "e", data);

            await response.ShouldBe(HttpStatusCode.OK);
            (await response.Content.ReadAsStringAsync(Token)).ShouldBe("""{"status":"DROP"}""", type);
        }
    }

    [Theory]
    [InlineData("call_sid", "CA123")]
    [InlineData("call_sid", "")]
    [InlineData("direction", "sideways")]
    [InlineData("started_at", "0001-01-01T00:00:00Z")]
    [InlineData("started_at", "yesterday")]
    [InlineData("from", "\0")]
    [InlineData("to", "")]
    public async Task A_header_that_cannot_be_is_dropped(string member, string value)
    {
        var tenant = await app.GivenATenant();
        var good = JsonSerializer.SerializeToNode(new PhoneCall(tenant, 6, KestrelVoiceApp.Noon).Started(), ContractJson.Options)!;
        good["call"]![member] = value;

        using var response = await app.Deliver(CallEventTypes.Started, "bad", good.ToJsonString());

        (await response.Content.ReadAsStringAsync(Token)).ShouldBe("""{"status":"DROP"}""");
        (await app.ClientFor(tenant).ReadAsync("/api/call-logs")).Total().ShouldBe(0);
    }

    [Fact]
    public async Task An_event_without_data_or_of_another_content_type_is_dropped()
    {
        foreach (var envelope in new[]
        {
            """{"specversion":"1.0","id":"1","type":"kestrelvoice.call.started.v1","source":"voice"}""",
            """{"specversion":"1.0","id":"1","type":"kestrelvoice.call.started.v1","source":"voice","datacontenttype":"text/plain","data":"x"}""",
        })
        {
            using var response = await app.PostAsSidecar("/events/calls/started", envelope);

            await response.ShouldBe(HttpStatusCode.OK);
            (await response.Content.ReadAsStringAsync(Token)).ShouldBe("""{"status":"DROP"}""");
        }
    }

    [Fact]
    public async Task An_event_of_an_unknown_type_is_kept()
    {
        using var response = await app.Deliver("kestrelvoice.call.teleported.v9", "unknown-1", """{"any":"thing"}""");

        await response.ShouldBe(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync(Token)).ShouldBeEmpty();
        (await DeadLetters("unknown-1")).ShouldHaveSingleItem().ShouldBe("unknown_type");
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("{\"id\":\"dead")]
    [InlineData("[1,2]")]
    [InlineData("{\"id\":5,\"type\":null}")]
    [InlineData("{\"id\":\"\\ud800\",\"type\":\"\\u0000\"}")]
    [InlineData("{\"id\":\"\\udc00\",\"data\":\"\\u0000\"}")]
    public async Task A_dead_letter_is_kept_byte_for_byte_whatever_it_holds(string body)
    {
        using var response = await app.PostAsSidecar("/events/calls-dead", body);

        await response.ShouldBe(HttpStatusCode.OK);
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.QuerySingleAsync<string>(
            "select reason from dead_letters where body = @Body and received_at = @Now",
            new { Body = Encoding.UTF8.GetBytes(body), Now = app.Clock.GetUtcNow().UtcDateTime })).ShouldBe("undeliverable");
    }

    [Fact]
    public async Task A_dead_letter_may_be_as_large_as_a_message_can_be()
    {
        using var response = await app.PostAsSidecar("/events/calls-dead", new string('x', 4 * 1024 * 1024));

        await response.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Every_subscription_is_literal_and_names_the_dead_letters()
    {
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("dapr-api-token", KestrelVoiceApp.SidecarToken);

        var subscriptions = (await client.ReadAsync("/dapr/subscribe")).EnumerateArray().ToList();

        subscriptions.ToDictionary(
                subscription => subscription.GetProperty("topic").GetString()!,
                subscription => subscription.TryGetProperty("deadLetterTopic", out var topic) ? topic.GetString() : null)
            .ShouldBe(
                new Dictionary<string, string?>
                {
                    [Topics.Calls] = Topics.CallsDead,
                    [Topics.CallsDead] = null,
                    [Topics.TenantEvents] = Topics.HostDead,
                    [Topics.TenantEventsUrgent] = Topics.HostDead,
                    [Topics.CompletedCalls] = Topics.HostDead,
                    [Topics.AppointmentChanges] = Topics.HostDead,
                    [Topics.Erasures] = Topics.HostDead,
                    [Topics.ErasedRecordings] = Topics.HostDead,
                    [Topics.Texts] = Topics.HostDead,
                    [Topics.HostDead] = null,
                },
                ignoreOrder: true);
        var calls = subscriptions.Single(subscription => subscription.GetProperty("topic").GetString() == Topics.Calls);
        calls.GetProperty("routes").GetProperty("rules").EnumerateArray().Select(rule => rule.GetProperty("match").GetString()).Order()
            .ShouldBe(AllTypes().Select(type => $"event.type == \"{type}\"").Order());
        subscriptions.ShouldAllBe(subscription => !subscription.GetRawText().Contains("/{", StringComparison.Ordinal));
    }

    private static IEnumerable<string> AllTypes() =>
        typeof(CallEventTypes).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!);

    private async Task<IReadOnlyList<string>> DeadLetters(string eventId)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        return [.. await connection.QueryAsync<string>("select reason from dead_letters where event_id = @EventId", new { EventId = eventId })];
    }
}
