using System.Net;
using System.Net.Http.Json;
using Dapper;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks;

namespace KestrelVoice.Features.Tests.Kernel.RateLimits;

public sealed class RateLimitTests : IClassFixture<KestrelVoiceApp>
{
    private const int Personal = 3;
    private const int Business = 5;
    private const int BusinessPlus = 7;
    private readonly KestrelVoiceApp app;

    public RateLimitTests(KestrelVoiceApp app)
    {
        this.app = app;
        app.Settings["RateLimits:Personal"] = $"{Personal}";
        app.Settings["RateLimits:Business"] = $"{Business}";
        app.Settings["RateLimits:BusinessPlus"] = $"{BusinessPlus}";
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("personal", Personal)]
    [InlineData("business", Business)]
    [InlineData("business_plus", BusinessPlus)]
    public async Task A_tenant_has_the_requests_of_its_plan_and_then_429_until_the_minute_is_over(string plan, int quota)
    {
        var tenant = await GivenATenant(plan);
        using var client = app.ClientFor(tenant);

        for (var left = quota - 1; left >= 0; left--)
        {
            using var answer = await client.GetAsync("/api/call-logs", Stop);
            await answer.ShouldBe(HttpStatusCode.OK);
            answer.Headers.GetValues("RateLimit-Policy").Single().ShouldBe($"\"{plan}\";q={quota};w=60");
            answer.Headers.GetValues("RateLimit").Single().ShouldStartWith($"\"{plan}\";r={left};t=");
        }
        using var refused = await client.GetAsync("/api/call-logs", Stop);
        var problem = await refused.ShouldBeProblem(HttpStatusCode.TooManyRequests, "rate_limited");

        problem.GetProperty("message").GetString()!.ShouldContain($"{quota} requests a minute");
        refused.Headers.GetValues("RateLimit").Single().ShouldStartWith($"\"{plan}\";r=0;t=");
        var wait = refused.Headers.RetryAfter!.Delta!.Value;
        wait.ShouldBeInRange(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        app.Clock.Advance(wait);
        using var again = await client.GetAsync("/api/call-logs", Stop);
        await again.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_one_tenant_uses_up_is_not_taken_from_another()
    {
        using var greedy = app.ClientFor(await GivenATenant("personal"));
        using var modest = app.ClientFor(await GivenATenant("personal"));
        for (var request = 0; request <= Personal; request++)
            (await greedy.GetAsync("/api/call-logs", Stop)).Dispose();

        using var answer = await modest.GetAsync("/api/call-logs", Stop);

        await answer.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task All_credentials_of_a_tenant_draw_on_one_quota_and_me_tells_what_is_left()
    {
        var tenant = await GivenATenant("business");
        using var key = app.ClientFor(tenant);
        using var member = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        (await key.GetAsync("/api/call-logs", Stop)).Dispose();
        (await member.GetAsync("/api/call-logs", Stop)).Dispose();

        var me = await key.ReadAsync("/api/me");

        me.GetProperty("tenant").GetProperty("plan").GetString().ShouldBe("business");
        var quota = me.GetProperty("quota");
        quota.GetProperty("requests_per_minute").GetInt32().ShouldBe(Business);
        quota.GetProperty("remaining").GetInt32().ShouldBe(Business - 3);
        quota.GetProperty("resets_in").GetInt32().ShouldBeInRange(1, 60);
    }

    [Fact]
    public async Task A_request_that_is_refused_for_what_it_asks_counts_too()
    {
        using var reader = app.ClientFor(await GivenATenant("personal"), "read");
        for (var request = 0; request < Personal; request++)
            (await reader.DeleteAsync("/api/webhooks/we_00000000000000000000000000", Stop)).Dispose();

        using var refused = await reader.GetAsync("/api/call-logs", Stop);

        await refused.ShouldBeProblem(HttpStatusCode.TooManyRequests, "rate_limited");
    }

    [Fact]
    public async Task An_answer_of_304_counts_too()
    {
        var tenant = await GivenATenant("personal");
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("My sink drips."), call.Ended());
        using var client = app.ClientFor(tenant);
        using (var first = await client.GetAsync("/api/call-logs", Stop))
            client.DefaultRequestHeaders.Add("If-None-Match", first.Headers.GetValues("ETag").Single());
        for (var request = 1; request < Personal; request++)
        {
            using var unchanged = await client.GetAsync("/api/call-logs", Stop);
            await unchanged.ShouldBe(HttpStatusCode.NotModified);
        }

        using var refused = await client.GetAsync("/api/call-logs", Stop);

        await refused.ShouldBeProblem(HttpStatusCode.TooManyRequests, "rate_limited");
    }

    [Fact]
    public async Task What_was_one_too_many_may_be_sent_again_under_its_key()
    {
        using var client = app.ClientFor(await GivenATenant("personal"));
        client.DefaultRequestHeaders.Add("Idempotency-Key", "8e03978e-40d5-43dd-bc93-6894a57f9324");
        var hook = new { @event = "call.missed", target_url = WebhookRequests.Nobody };
        for (var request = 0; request < Personal; request++)
            (await client.GetAsync("/api/call-logs", Stop)).Dispose();
        using (var refused = await client.PostAsJsonAsync("/api/hooks", hook, Stop))
            await refused.ShouldBeProblem(HttpStatusCode.TooManyRequests, "rate_limited");
        app.Clock.Advance(TimeSpan.FromMinutes(1));

        using var again = await client.PostAsJsonAsync("/api/hooks", hook, Stop);

        await again.ShouldBe(HttpStatusCode.Created);
        again.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
    }

    private async Task<TestTenant> GivenATenant(string plan)
    {
        var tenant = await app.GivenATenant();
        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        await connection.ExecuteAsync("update tenants set plan = @Plan where id = @Id", new { Plan = plan, tenant.Id });
        return tenant;
    }
}
