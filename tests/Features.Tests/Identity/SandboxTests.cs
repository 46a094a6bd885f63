using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Summaries;
using KestrelVoice.Features.Tests.Appointments;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;
using KestrelVoice.Features.Webhooks.Delivery;
using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace KestrelVoice.Features.Tests.Identity;

/// <summary>Test keys: everything works, and nobody outside feels it.</summary>
public sealed class SandboxTests : IClassFixture<KestrelVoiceApp>
{
    private readonly KestrelVoiceApp app;

    public SandboxTests(KestrelVoiceApp app)
    {
        this.app = app;
        app.Settings["Summaries:Endpoint"] = "http://127.0.0.1:9/v1";
        app.Settings["Summaries:Model"] = "nobody";
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_test_key_acts_in_a_sandbox_on_the_plan_of_its_tenant_and_with_a_quota_of_its_own()
    {
        var tenant = await app.GivenATenant();
        using var live = app.ClientFor(tenant);
        for (var request = 0; request < 3; request++)
            await live.ReadAsync("/api/me");
        using var test = await app.GivenATestClient(tenant);

        var me = await test.ReadAsync("/api/me");

        me.Text("mode").ShouldBe("test");
        me.Text("key_name").ShouldBe("Trial");
        me.GetProperty("scopes").GetRawText().ShouldBe("""["read","write"]""");
        var sandbox = me.GetProperty("tenant");
        sandbox.Id().ShouldNotBe(TypeId.Format(TypeId.Tenant, tenant.Id));
        sandbox.Text("name").ShouldBe(tenant.Name + " (test)");
        sandbox.Text("plan").ShouldBe("business");
        me.GetProperty("quota").GetProperty("remaining").GetInt32().ShouldBe(999_999);

        await app.Execute("update tenants set plan = 'personal' where id = @Id", new { tenant.Id });
        app.Clock.Advance(TimeSpan.FromSeconds(1));
        (await test.ReadAsync("/api/me")).GetProperty("tenant").Text("plan").ShouldBe("personal");
        (await live.ReadAsync("/api/me")).Text("mode").ShouldBe("live");
    }

    [Fact]
    public async Task The_live_tenant_lists_and_revokes_keys_of_both_modes()
    {
        var tenant = await app.GivenATenant();
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        (await owner.CreateAKey("live")).Text("key").ShouldStartWith("kv_live_");
        var created = await owner.CreateAKey("test");
        created.Text("key").ShouldStartWith("kv_test_");
        created.Text("prefix").ShouldStartWith("kv_test_");
        created.Text("mode").ShouldBe("test");
        using var test = app.Using(created.Text("key"));
        await test.ReadAsync("/api/me");

        (await owner.ReadAsync("/api/api-keys")).Data().Select(key => key.Text("mode")).Order().ShouldBe(["live", "test"]);
        (await owner.DeleteAsync("/api/api-keys/" + created.Id(), Stop)).StatusCode.ShouldBe(HttpStatusCode.NoContent);

        using var refused = await test.GetAsync("/api/me", Stop);
        await refused.ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
        (await owner.ReadAsync("/api/audit-log")).Data().Select(entry => entry.GetProperty("detail").GetString()).ShouldContain("test read write");
    }

    [Fact]
    public async Task There_is_something_to_read_count_and_book()
    {
        using var test = await app.GivenATestClient(await app.GivenATenant());

        var calls = await test.ReadAsync("/api/call-logs?limit=100");
        calls.Total().ShouldBe(calls.Data().Count);
        calls.Total().ShouldBeInRange(10, 14);
        // Today has no calls yet, so the oldest day of the sandbox is just out of it.
        (await test.ReadAsync("/api/analytics?range=7d")).GetProperty("totals").GetProperty("total_calls").GetInt64().ShouldBeGreaterThan(9);
        (await test.ReadAsync("/api/services")).Data().Select(service => service.Text("name")).ShouldBe(["Plumbing repair", "Water heater service"], ignoreOrder: true);
        (await BookAsync(test)).Text("status").ShouldBe("scheduled");
        (await test.ReadAsync("/api/appointments")).Total().ShouldBe(1);
    }

    [Fact]
    public async Task There_is_one_sandbox_however_many_test_keys_are_made_at_once()
    {
        var tenant = await app.GivenATenant();
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));

        var keys = await Task.WhenAll(owner.CreateAKey("test"), owner.CreateAKey("test"), owner.CreateAKey("test"));

        var sandboxes = new List<string>();
        var services = new List<int>();
        foreach (var key in keys)
        {
            using var test = app.Using(key.Text("key"));
            sandboxes.Add((await test.ReadAsync("/api/me")).GetProperty("tenant").Id());
            services.Add((await test.ReadAsync("/api/services")).Data().Count);
        }
        sandboxes.Distinct().ShouldHaveSingleItem();
        services.ShouldBe([2, 2, 2]);
    }

    [Fact]
    public async Task What_was_begun_and_not_furnished_is_furnished_with_the_next_key()
    {
        var tenant = await app.GivenATenant();
        using var first = await app.GivenATestClient(tenant);
        var sandbox = await SandboxOf(first);
        await app.Execute(
            "delete from working_hours where tenant_id = @Id; delete from resources where tenant_id = @Id; delete from services where tenant_id = @Id",
            new { Id = sandbox });
        var calls = (await first.ReadAsync("/api/call-logs")).Total();

        using var second = await app.GivenATestClient(tenant);

        (await second.ReadAsync("/api/services")).Data().Count.ShouldBe(2);
        (await second.ReadAsync("/api/call-logs")).Total().ShouldBe(calls);
    }

    [Fact]
    public async Task Messages_are_recorded_with_their_payload_and_never_sent()
    {
        using var test = await app.GivenATestClient(await app.GivenATenant());
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await test.GivenAnEndpoint(receiver.Url);
        var hook = await test.GivenAHook(receiver.Url, "appointment.booked");
        var booked = await BookAsync(test);
        await app.Relay();
        using (var tested = await test.SendAsync(HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/test", """{"event":"call.missed"}"""))
            await tested.ShouldBe(HttpStatusCode.Accepted);
        using (var tested = await test.SendAsync(HttpMethod.Post, $"/api/hooks/{hook.Id()}/test"))
            await tested.ShouldBe(HttpStatusCode.Accepted);

        (await test.ReadAsync("/api/events")).Data().ShouldHaveSingleItem().Text("event").ShouldBe("appointment.booked");
        var messages = (await test.ReadAsync($"/api/webhooks/{endpoint.Id()}/messages?state=withheld")).Data();
        messages.Count.ShouldBe(2);
        (await test.ReadAsync($"/api/webhooks/{hook.Id()}/messages?state=withheld")).Total().ShouldBe(2);
        var message = await test.ReadAsync($"/api/webhooks/{endpoint.Id()}/messages/{messages.Single(sent => !sent.GetProperty("test").GetBoolean()).Id()}");
        message.GetProperty("payload").GetProperty("data").Text("appointment_id").ShouldBe(booked.Id());
        message.GetProperty("attempt_count").GetInt32().ShouldBe(0);
        message.Attempts().ShouldBeEmpty();
        message.IsNull("next_attempt_at").ShouldBeTrue();
        message.IsNull("finished_at").ShouldBeFalse();

        var path = $"/api/webhooks/{endpoint.Id()}/messages/{message.Id()}";
        using var resent = await test.SendAsync(HttpMethod.Post, path + "/resend");
        await resent.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        using var cancelled = await test.SendAsync(HttpMethod.Post, path + "/cancel");
        await cancelled.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        using var failed = await test.SendAsync(HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/resend-failed", """{"since":"2026-01-01T00:00:00Z"}""");
        (await failed.ShouldAnswerWith(HttpStatusCode.Accepted)).GetProperty("count").GetInt32().ShouldBe(0);

        // Whatever the dispatcher would have sent before this one of a live tenant, it has sent by then.
        var tenant = await app.GivenATenant();
        using var live = app.ClientFor(tenant);
        var delivered = await live.GivenAnEndpoint(receiver.Url);
        await app.GivenATold(tenant);
        await app.Until(live, delivered, "delivered", TimeSpan.FromMilliseconds(100));
        receiver.Received.ShouldHaveSingleItem().Payload.Text("event").ShouldBe("call.completed");
    }

    [Fact]
    public async Task Even_a_message_that_waits_is_not_begun_in_a_sandbox()
    {
        using var test = await app.GivenATestClient(await app.GivenATenant());
        var endpoint = await test.GivenAnEndpoint();
        var sandbox = await SandboxOf(test);
        await app.GivenAMessage(new TestTenant(sandbox, "", ""), endpoint.Id(), "pending");
        await app.Execute("update webhook_messages set next_attempt_at = @At where tenant_id = @Id", new { At = KestrelVoiceApp.Noon.UtcDateTime, Id = sandbox });

        var (begun, receiver) = await app.Services.GetRequiredService<WebhookAttempts>()
            .BeginWaitingAsync(new LaneKey(sandbox, endpoint.Bare(), Urgent: false), most: 10, Stop);

        begun.ShouldBeEmpty();
        receiver.ShouldBeNull();
    }

    [Fact]
    public async Task No_calendar_is_connected()
    {
        using var test = await app.GivenATestClient(await app.GivenATenant());
        var sandbox = await SandboxOf(test);
        var resource = await app.Scalar<Guid>("select id from resources where tenant_id = @Id limit 1", new { Id = sandbox });

        using var refused = await test.PostAsJsonAsync(
            "/api/calendars", new { resource_id = resource, url = WebhookRequests.Nobody, username = "robin", password = "secret" }, Stop);

        (await refused.ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden")).Text("message").ShouldContain("sandbox");
        await using var source = NpgsqlDataSource.Create(app.Database.App);
        await using var transaction = await new TenantDatabase(source).BeginAsync(sandbox, Stop);
        (await Should.ThrowAsync<PostgresException>(() => transaction.ExecuteAsync(
            """
            insert into calendar_connections (tenant_id, id, resource_id, kind, url, name, user_name, secret, receives_appointments, status, poll_seconds, due_at, created_at)
            values (@TenantId, @TenantId, @Resource, 'caldav', 'http://127.0.0.1:9', 'Robin', 'robin', 'sealed', true, 'connected', 300, now(), now())
            """,
            new { Resource = resource }, Stop))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    [Fact]
    public async Task No_model_hears_of_its_calls()
    {
        var tenant = await app.GivenATenant();
        using var test = await app.GivenATestClient(tenant);
        await app.GivenATold(tenant);

        (await PlanAsync(tenant.Id)).UsesModel.ShouldBeTrue();
        (await PlanAsync(await SandboxOf(test))).UsesModel.ShouldBeFalse();

        async Task<SummaryPlan> PlanAsync(Guid id)
        {
            var call = await app.Scalar<Guid>("select call_id from call_turns where tenant_id = @Id and speaker = 'caller' limit 1", new { Id = id });
            await using var scope = app.Services.CreateAsyncScope();
            var plan = await scope.ServiceProvider.GetRequiredService<IMediator>().Send(new SplitCall.Command(id, call), Stop);
            plan.Parts.ShouldBePositive();
            return plan;
        }
    }

    [Fact]
    public async Task Live_and_sandbox_find_nothing_of_each_other()
    {
        var tenant = await app.GivenATenant();
        using var test = await app.GivenATestClient(tenant);
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        using var live = app.ClientFor(tenant);
        var sandbox = TypeId.Format(TypeId.Tenant, await SandboxOf(test));
        var webhook = await test.GivenAnEndpoint();
        await BookAsync(test);
        await app.Relay();
        string[] paths =
        [
            "/api/call-logs/" + (await test.ReadAsync("/api/call-logs")).Data()[0].Id(),
            "/api/appointments/" + (await test.ReadAsync("/api/appointments")).Data()[0].Id(),
            "/api/webhooks/" + webhook.Id(),
            $"/api/webhooks/{webhook.Id()}/messages/{(await test.MessagesOf(webhook)).Data()[0].Id()}",
        ];

        foreach (var path in paths)
        {
            await test.ReadAsync(path);
            foreach (var client in new[] { owner, live })
            {
                using var answer = await client.GetAsync(path, Stop);
                await answer.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
            }
        }
        foreach (var list in new[] { "/api/call-logs", "/api/appointments", "/api/webhooks", "/api/events", "/api/services" })
            (await live.ReadAsync(list)).Data().ShouldBeEmpty(list);

        // Nor may a key, or a person, be where it does not belong, by naming it.
        foreach (var (client, named) in new[] { (test, TypeId.Format(TypeId.Tenant, tenant.Id)), (live, sandbox), (owner, sandbox) })
        {
            client.DefaultRequestHeaders.Add("X-Tenant-Id", named);
            using var answer = await client.GetAsync("/api/me", Stop);
            await answer.ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
        }
    }

    [Fact]
    public async Task Nobody_signs_in_to_a_sandbox_and_nobody_can_dial_it()
    {
        var tenant = await app.GivenATenant();
        using var test = await app.GivenATestClient(tenant);
        var sandbox = await SandboxOf(test);
        using var member = await app.SignedIn(await app.GivenAMember((new TestTenant(sandbox, "", ""), "owner"), (tenant, "viewer")));

        var me = await member.ReadAsync("/api/me");

        me.GetProperty("tenants").EnumerateArray().ShouldHaveSingleItem().Id().ShouldBe(TypeId.Format(TypeId.Tenant, tenant.Id));
        (await app.Scalar<long>("select count(*) from phone_numbers where tenant_id = @Id", new { Id = sandbox })).ShouldBe(0);
        (await app.Scalar<string?>("select concat(person_number, on_call_number) from tenants where id = @Id", new { Id = sandbox })).ShouldBe("");
    }

    [Fact]
    public async Task The_app_can_open_no_tenant_but_a_sandbox_of_the_one_in_which_it_is()
    {
        var (tenant, other) = (await app.GivenATenant(), await app.GivenATenant());
        var fresh = Guid.CreateVersion7(app.Clock.GetUtcNow());
        app.Stranger().Dispose();
        await using var source = NpgsqlDataSource.Create(app.Database.App);

        foreach (var (enter, id, sandboxOf) in new (Guid, Guid, Guid?)[]
        {
            (tenant.Id, fresh, null), (other.Id, fresh, tenant.Id), (Guid.Empty, Guid.Empty, tenant.Id), (Guid.Empty, Guid.Empty, null),
        })
        {
            await using var transaction = await new TenantDatabase(source).BeginAsync(enter, Stop);
            (await Should.ThrowAsync<PostgresException>(() => transaction.ExecuteAsync(
                """
                insert into tenants (id, sandbox_of, business_name, plan, time_zone, language, opening_hours, record_calls, ring_seconds, emergency_phrases, created_at)
                values (@Id, @SandboxOf, 'Elm Lane Electric', 'business_plus', 'UTC', 'en-US', '[]', false, 20, '{}', now())
                """,
                new { Id = id, SandboxOf = sandboxOf }, Stop))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        }
    }

    private async Task<JsonElement> BookAsync(HttpClient client)
    {
        var service = (await client.ReadAsync("/api/services")).Data()[0].Id();
        var tomorrow = app.Clock.GetUtcNow().UtcDateTime.AddDays(1);
        var slots = (await client.ReadAsync($"/api/availability?service_id={service}&from={tomorrow:O}&to={tomorrow.AddDays(1):O}")).Data();
        using var booked = await client.Book(new Trade(service, []), slots[0].Text("starts_at"));
        return await booked.ShouldAnswerWith(HttpStatusCode.Created);
    }

    private static async Task<Guid> SandboxOf(HttpClient test) =>
        TypeId.Parse(TypeId.Tenant, (await test.ReadAsync("/api/me")).GetProperty("tenant").Id());
}
