using Dapper;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Events;

public sealed class TenantEventsTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sequences_have_no_gap_whatever_is_rolled_back_and_whoever_is_at_it()
    {
        var tenant = await app.GivenATenant();

        await Task.WhenAll(Enumerable.Range(0, 40).Select(number => RecordAsync(tenant, $"occasion {number}", commit: number % 4 != 0)));

        (await Sequences(tenant)).ShouldBe(Enumerable.Range(1, 30).Select(number => (long)number));
        (await Waiting(tenant)).ShouldBe(30);
    }

    [Fact]
    public async Task An_occasion_is_told_once_by_however_many_at_the_same_time()
    {
        var tenant = await app.GivenATenant();

        var told = await Task.WhenAll(Enumerable.Range(0, 12).Select(number => RecordAsync(tenant, $"occasion {number / 6}", commit: true)));

        told.Count(first => first).ShouldBe(2);
        (await Sequences(tenant)).ShouldBe([1, 2]);
        (await RecordAsync(tenant, "another", commit: true)).ShouldBeTrue();
        (await Sequences(tenant)).ShouldBe([1, 2, 3]);
        (await Waiting(tenant)).ShouldBe(3);
    }

    private async Task<bool> RecordAsync(TestTenant tenant, string occasion, bool commit)
    {
        app.StartServer();
        await using var transaction = await app.Services.GetRequiredService<TenantDatabase>().BeginAsync(tenant.Id, Stop);
        var told = await app.Services.GetRequiredService<TenantEvents>().RecordAsync(
            transaction, new TenantEvent(TenantEventTypes.CallMissed, occasion, app.Clock.GetUtcNow(), new { }), Stop);
        if (commit)
            await transaction.CommitAsync(Stop);
        return told;
    }

    private async Task<IEnumerable<long>> Sequences(TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        return await connection.QueryAsync<long>("select sequence from tenant_events where tenant_id = @Id order by sequence", new { tenant.Id });
    }

    private async Task<long> Waiting(TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Stop);
        return await connection.QuerySingleAsync<long>("select count(*) from outbox where data ->> 'tenant_id' = @Id::text", new { tenant.Id });
    }
}
