using System.Net;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Privacy.Retention;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Privacy;

public sealed class RetentionTests(Office office) : IClassFixture<Office>
{
    private readonly AppWithSidecar app = office.App;

    [Fact]
    public async Task Calls_older_than_that_are_erased_with_their_recordings_and_the_others_stay()
    {
        const string Caller = "+15035559001";
        var (tenant, other, number) = (await app.GivenATenant(), await app.GivenATenant(), office.NextCall());
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        using var client = app.ClientFor(tenant);
        var sid = office.GivenARecording(number);
        var old = new PhoneCall(tenant, number, app.Clock.GetUtcNow().AddDays(-31), Caller);
        await app.GivenACall(old.Says("A creaking gate."), old.Recording(RecordingKind.Call, number: number), old.Ended());
        await GivenACallAsync(tenant, days: 29);
        await GivenACallAsync(other, days: 400);
        (await owner.ReadAsync("/api/retention")).IsNull("call_days").ShouldBeTrue();

        using var changed = await owner.SendAsync(HttpMethod.Put, "/api/retention", """{"call_days":30}""");

        (await changed.ShouldAnswerWith(HttpStatusCode.OK)).GetProperty("call_days").GetInt32().ShouldBe(30);
        var log = (await owner.ReadAsync("/api/audit-log")).Data().ShouldHaveSingleItem();
        (log.Text("action"), log.Text("detail")).ShouldBe(("retention.changed", "for good to 30 days"));
        await app.Eventually(TimeSpan.FromSeconds(14), async () => (await client.ReadAsync("/api/call-logs")).Total() == 1, "one call");
        await app.Eventually(TimeSpan.FromSeconds(1), () => Task.FromResult(!office.HasRecording(number)), "no recording");
        await app.Eventually(TimeSpan.FromSeconds(1), async () => (await app.PlacesThatHold(Caller, sid)).Count == 0, "nothing left");
        using var neighbour = app.ClientFor(other);
        (await neighbour.ReadAsync("/api/call-logs")).Total().ShouldBe(1);
        var applied = await app.Scalar<string>(
            "select actor_kind || ' ' || action from audit_log where tenant_id = @Id and action = 'retention.applied'", new { tenant.Id });
        applied.ShouldBe("system retention.applied");
    }

    [Fact]
    public async Task Of_many_hosts_one_does_it()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        foreach (var _ in Enumerable.Range(0, 3))
            await GivenACallAsync(tenant, days: 40);
        await app.Execute(
            "insert into retention (tenant_id, call_days, updated_at, due_at) values (@Id, 30, @Now, @Now)",
            new { tenant.Id, Now = app.Clock.GetUtcNow().UtcDateTime });
        var hosts = Enumerable.Range(0, 4).Select(_ => ActivatorUtilities.CreateInstance<RetentionSweep>(app.Services)).ToList();

        await Task.WhenAll(hosts.Select(host => host.StartAsync(TestContext.Current.CancellationToken)));

        await app.Eventually(TimeSpan.FromSeconds(1), async () => (await client.ReadAsync("/api/call-logs")).Total() == 0, "no call");
        (await app.Scalar<int>("select count(*)::integer from erasures where tenant_id = @Id", new { tenant.Id })).ShouldBe(1);
        foreach (var host in hosts)
        {
            await host.StopAsync(TestContext.Current.CancellationToken);
            host.Dispose();
        }
    }

    [Fact]
    public async Task What_nobody_wants_any_more_is_not_done()
    {
        var tenant = await app.GivenATenant();
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        await GivenACallAsync(tenant, days: 500);
        await PutAsync(owner, """{"call_days":3650}""");
        await PutAsync(owner, """{"call_days":3650}""");
        await PutAsync(owner, """{"call_days":null}""");

        var later = app.Clock.GetUtcNow().AddMinutes(20);
        await app.Eventually(TimeSpan.FromSeconds(14), () => Task.FromResult(app.Clock.GetUtcNow() > later), "a sweep later");

        using var client = app.ClientFor(tenant);
        (await client.ReadAsync("/api/call-logs")).Total().ShouldBe(1);
        (await app.Scalar<int>("select count(*)::integer from audit_log where tenant_id = @Id", new { tenant.Id })).ShouldBe(2);
    }

    [Theory]
    [InlineData("""{"call_days":29}""")]
    [InlineData("""{"call_days":3651}""")]
    [InlineData("""{"call_days":"30"}""")]
    [InlineData("{}")]
    public async Task Days_that_make_no_sense_are_refused(string body)
    {
        using var owner = await app.SignedIn(await app.GivenAMember((await app.GivenATenant(), "owner")));

        using var refused = await owner.SendAsync(HttpMethod.Put, "/api/retention", body);

        await refused.ShouldBeProblem(HttpStatusCode.BadRequest, "invalid_parameter");
    }

    private static async Task PutAsync(HttpClient owner, string body)
    {
        using var changed = await owner.SendAsync(HttpMethod.Put, "/api/retention", body);
        await changed.ShouldBe(HttpStatusCode.OK);
    }

    private async Task GivenACallAsync(TestTenant tenant, int days)
    {
        var call = new PhoneCall(tenant, office.NextCall(), app.Clock.GetUtcNow().AddDays(-days), "+15035559002");
        await app.GivenACall(call.Says("A creaking gate."), call.Ended());
    }
}
