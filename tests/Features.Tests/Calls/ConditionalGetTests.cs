using System.Net;
using Dapper;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Calls;

public sealed class ConditionalGetTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Reads => new("/api/call-logs", "/api/call-logs?status=completed&from_date=2026-03-04", "/api/call-logs/{id}", "/api/analytics");

    [Theory]
    [MemberData(nameof(Reads))]
    public async Task An_answer_that_is_still_right_is_not_sent_again(string path)
    {
        var (client, _, id) = await GivenCalls();
        path = path.Replace("{id}", id, StringComparison.Ordinal);
        using var first = await client.GetAsync(path, Token);
        await first.ShouldBe(HttpStatusCode.OK);

        using var second = await Ask(client, path, TagOf(first));

        await second.ShouldBe(HttpStatusCode.NotModified);
        (await second.Content.ReadAsByteArrayAsync(Token)).ShouldBeEmpty();
        second.Content.Headers.ContentType.ShouldBeNull();
        foreach (var response in new[] { first, second })
        {
            TagOf(response).ShouldBe(TagOf(first));
            response.Headers.CacheControl!.ToString().Split(", ").ShouldBe(["private", "no-cache"], ignoreOrder: true);
            response.Headers.Vary.ShouldBe(["Cookie", "Authorization", "X-API-Key", "X-Tenant-Id", "Origin"]);
            response.Headers.Contains("X-Request-Id").ShouldBeTrue();
            response.Headers.Contains("RateLimit").ShouldBeTrue();
        }
    }

    public static TheoryData<string> Changes => new(
        "update call_logs set transcript = 'Caller: Hello.' where tenant_id = @TenantId and id = @Id",
        "update call_logs set summary = 'The caller said hello.' where tenant_id = @TenantId and id = @Id",
        "update call_logs set emergency = true where tenant_id = @TenantId and id = @Id",
        "update call_events set body = body || '{\"text\":\"Hello.\"}' where tenant_id = @TenantId",
        "insert into call_events (tenant_id, event_id, call_sid, type, body, received_at) select tenant_id, 'another', call_sid, type, body, received_at from call_events where tenant_id = @TenantId limit 1",
        "delete from call_events where tenant_id = @TenantId and type = 'kestrelvoice.call.turn.v1'",
        "delete from call_logs where tenant_id = @TenantId and id = @Id",
        "update tenants set time_zone = 'Europe/Berlin' where id = @TenantId",
        "update tenants set plan = 'personal' where id = @TenantId");

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Whatever_changes_an_answer_changes_its_tag(string change)
    {
        var (client, tenant, id) = await GivenCalls();
        string[] paths = ["/api/call-logs", "/api/analytics", $"/api/call-logs/{id}"];
        var tags = new List<string>();
        foreach (var path in paths)
            tags.Add(TagOf(await client.GetAsync(path, Token)));

        await using (var connection = await app.Owner.OpenConnectionAsync(Token))
            await connection.ExecuteAsync(change, new { TenantId = tenant.Id, Id = TypeId.Parse(TypeId.Call, id) });
        // Plans are remembered for a second.
        app.Clock.Advance(TimeSpan.FromSeconds(2));

        foreach (var (path, tag) in paths.Zip(tags))
        {
            using var response = await Ask(client, path, tag);
            response.StatusCode.ShouldNotBe(HttpStatusCode.NotModified, path);
        }
    }

    [Fact]
    public async Task What_is_heard_of_a_call_changes_the_tags_and_what_is_heard_twice_does_not()
    {
        var tenant = await app.GivenATenant();
        var client = app.ClientFor(tenant);
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        var tags = new List<string>();
        foreach (var heard in new Contracts.CallEvent[] { call.Started(), call.Says("My sink drips."), call.Ended() })
        {
            (await app.Deliver(heard)).EnsureSuccessStatusCode();
            using var response = await client.GetAsync("/api/call-logs", Token);
            tags.Add(TagOf(response));
            (await app.Deliver(heard)).EnsureSuccessStatusCode();
            await (await Ask(client, "/api/call-logs", tags[^1])).ShouldBe(HttpStatusCode.NotModified);
        }

        tags.ShouldBeUnique();
    }

    [Fact]
    public async Task A_tag_is_good_for_one_question_of_one_tenant()
    {
        var (client, _, id) = await GivenCalls();
        var (other, _, _) = await GivenCalls();
        using var list = await client.GetAsync("/api/call-logs?limit=1", Token);

        await (await Ask(client, "/api/call-logs?limit=2", TagOf(list))).ShouldBe(HttpStatusCode.OK);
        await (await Ask(other, "/api/call-logs?limit=1", TagOf(list))).ShouldBe(HttpStatusCode.OK);
        await (await Ask(client, $"/api/call-logs/{id}", TagOf(list))).ShouldBe(HttpStatusCode.OK);
        using var missing = await Ask(client, "/api/call-logs/call_00000000000000000000000000", TagOf(list));
        await missing.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData("{0}", HttpStatusCode.NotModified)]
    [InlineData("{1}", HttpStatusCode.NotModified)]
    [InlineData("\"another\", {0}", HttpStatusCode.NotModified)]
    [InlineData("W/\"a,b\" ,{0},\"c\"", HttpStatusCode.NotModified)]
    [InlineData("*", HttpStatusCode.NotModified)]
    [InlineData("\"another\"", HttpStatusCode.OK)]
    [InlineData("W/\"\"", HttpStatusCode.OK)]
    [InlineData("nonsense", HttpStatusCode.OK)]
    [InlineData(",,\"", HttpStatusCode.OK)]
    public async Task Tags_are_compared_weakly_and_may_be_listed(string header, HttpStatusCode status)
    {
        var (client, _, _) = await GivenCalls();
        using var first = await client.GetAsync("/api/call-logs", Token);
        var tag = TagOf(first);
        tag.ShouldStartWith("W/");

        using var second = await Ask(client, "/api/call-logs", string.Format(System.Globalization.CultureInfo.InvariantCulture, header, tag, tag[2..]));

        await second.ShouldBe(status);
    }

    [Fact]
    public async Task Anything_matches_only_what_is_there_and_was_rightly_asked_for()
    {
        var (client, _, _) = await GivenCalls();

        await (await Ask(client, "/api/call-logs/call_00000000000000000000000000", "*")).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        await (await Ask(client, "/api/call-logs?limit=0", "*")).ShouldBeInvalid("limit");
        await (await Ask(client, "/api/analytics?range=90d", "*")).ShouldBeProblem(HttpStatusCode.PaymentRequired, "upgrade_required");
    }

    [Fact]
    public async Task The_last_seven_days_are_others_tomorrow()
    {
        var (client, _, _) = await GivenCalls();
        using var today = await client.GetAsync("/api/analytics?range=7d", Token);
        app.Clock.Advance(TimeSpan.FromDays(1));

        using var tomorrow = await Ask(client, "/api/analytics?range=7d", TagOf(today));

        await tomorrow.ShouldBe(HttpStatusCode.OK);
        TagOf(tomorrow).ShouldNotBe(TagOf(today));
    }

    [Theory]
    [InlineData("/api/me", HttpStatusCode.OK)]
    [InlineData("/api/services", HttpStatusCode.OK)]
    [InlineData("/api/appointments", HttpStatusCode.OK)]
    [InlineData("/api/call-logs?limit=0", HttpStatusCode.BadRequest)]
    public async Task All_other_answers_are_not_to_be_kept(string path, HttpStatusCode status)
    {
        var (client, _, _) = await GivenCalls();

        using var response = await client.GetAsync(path, Token);

        await response.ShouldBe(status);
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        response.Headers.ETag.ShouldBeNull();
    }

    [Fact]
    public async Task A_change_shows_when_it_is_committed_whoever_began_first()
    {
        var (client, tenant, _) = await GivenCalls(2);
        await using var first = await Changing(tenant, 1, "first");
        await using var second = await Changing(tenant, 2, "second");
        using var before = await client.GetAsync("/api/call-logs", Token);

        await second.CommitAsync(Token);
        using var between = await Ask(client, "/api/call-logs", TagOf(before));
        await first.CommitAsync(Token);
        using var after = await Ask(client, "/api/call-logs", TagOf(between));

        await between.ShouldBe(HttpStatusCode.OK);
        await after.ShouldBe(HttpStatusCode.OK);
        new[] { before, between, after }.Select(TagOf).ShouldBeUnique();
    }

    [Fact]
    public async Task Nobody_who_asks_while_much_changes_is_left_with_something_old()
    {
        var (client, tenant, _) = await GivenCalls(6);
        for (var burst = 0; burst < 10; burst++)
        {
            var writers = Enumerable.Range(0, 6).Select(async writer =>
            {
                await using var transaction = await Changing(tenant, writer + 1, $"{burst}");
                await transaction.CommitAsync(Token);
            });
            var readers = Enumerable.Range(0, 4).Select(async _ =>
            {
                var (tag, body) = ("\"none\"", "");
                for (var read = 0; read < 10; read++)
                {
                    using var response = await Ask(client, "/api/call-logs", tag);
                    if (response.StatusCode == HttpStatusCode.OK)
                        (tag, body) = (TagOf(response), await response.Content.ReadAsStringAsync(Token));
                }
                return (Tag: tag, Body: body);
            }).ToList();
            await Task.WhenAll([.. writers, .. readers]);
            var fresh = await client.GetStringAsync("/api/call-logs", Token);

            foreach (var (tag, body) in await Task.WhenAll(readers))
            {
                using var response = await Ask(client, "/api/call-logs", tag);
                (response.StatusCode == HttpStatusCode.NotModified ? body : await response.Content.ReadAsStringAsync(Token)).ShouldBe(fresh);
            }
        }
    }

    // A transaction that has changed a call and not ended.
    private async Task<TenantTransaction> Changing(TestTenant tenant, int call, string transcript)
    {
        var transaction = await app.Services.GetRequiredService<TenantDatabase>().BeginAsync(tenant.Id, Token);
        await transaction.ExecuteAsync(
            "update call_logs set transcript = @transcript where tenant_id = @TenantId and call_sid = @sid",
            new { transcript, sid = new PhoneCall(tenant, call, KestrelVoiceApp.Noon).CallSid }, Token);
        return transaction;
    }

    private async Task<(HttpClient Client, TestTenant Tenant, string Id)> GivenCalls(int count = 1)
    {
        var tenant = await app.GivenATenant();
        for (var number = 1; number <= count; number++)
        {
            var call = new PhoneCall(tenant, number, KestrelVoiceApp.Noon);
            await app.GivenACall(call.Started(), call.Says("My sink drips."), call.Ended());
        }
        var client = app.ClientFor(tenant);
        return (client, tenant, (await client.ReadAsync("/api/call-logs")).Data()[0].Id());
    }

    private static async Task<HttpResponseMessage> Ask(HttpClient client, string path, string tags)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("If-None-Match", tags).ShouldBeTrue();
        return await client.SendAsync(request, Token);
    }

    private static string TagOf(HttpResponseMessage response) => response.Headers.GetValues("ETag").ShouldHaveSingleItem();
}
