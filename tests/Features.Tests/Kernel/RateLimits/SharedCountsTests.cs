using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.RateLimits;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace KestrelVoice.Features.Tests.Kernel.RateLimits;

/// <summary>Instances of the host over one database.</summary>
public sealed class SharedCountsTests(TestCluster cluster) : IAsyncLifetime
{
    private const int Quota = 100;
    private readonly FakeTimeProvider clock = new(KestrelVoiceApp.Noon);
    private NpgsqlDataSource database = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => database = NpgsqlDataSource.Create((await cluster.CreateDatabaseAsync(Stop)).App);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task What_one_instance_admitted_the_next_one_knows()
    {
        var tenant = Guid.CreateVersion7(clock.GetUtcNow());
        using var first = new Instance(database, clock);
        using var second = new Instance(database, clock);
        for (var request = 0; request < Quota; request++)
            first.Quotas.Take(tenant, Plan.Personal).Admitted.ShouldBeTrue();
        second.Quotas.Take(tenant, Plan.Personal).Admitted.ShouldBeTrue("it has not heard yet");

        await first.Counts.ExchangeAsync(Stop);
        await second.Counts.ExchangeAsync(Stop);

        second.Quotas.Take(tenant, Plan.Personal).Admitted.ShouldBeFalse();
        second.Quotas.Take(Guid.CreateVersion7(clock.GetUtcNow()), Plan.Personal).Admitted.ShouldBeTrue();
        clock.Advance(TimeSpan.FromMinutes(1));
        second.Quotas.Take(tenant, Plan.Personal).ShouldBe(new Allowance(Quota, Quota - 1, 60, true));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Instances_that_tell_each_other_after_every_tenth_exceed_the_quota_by_no_more_than_documented(int count)
    {
        var tenant = Guid.CreateVersion7(clock.GetUtcNow());
        var instances = Enumerable.Range(0, count).Select(_ => new Instance(database, clock)).ToList();
        var admitted = 0;

        // Worst case: every instance spends all that it may keep to itself before any of them tells.
        for (var round = 0; round < 3 * Quota; round++)
        {
            foreach (var instance in instances)
            {
                for (var request = 0; request < Quota / 10; request++)
                    admitted += instance.Quotas.Take(tenant, Plan.Personal).Admitted ? 1 : 0;
            }
            foreach (var instance in instances)
                await instance.Counts.ExchangeAsync(Stop);
            if (instances.All(instance => !instance.Quotas.Look(tenant, Plan.Personal).Admitted))
                break;
        }

        admitted.ShouldBeInRange(Quota, Quota + ((count - 1) * Quota / 10) + (count * Quota / 10));
        instances.ForEach(instance => instance.Dispose());
    }

    [Fact]
    public async Task Much_is_told_at_once()
    {
        var tenant = Guid.CreateVersion7(clock.GetUtcNow());
        using var instance = new Instance(database, clock);
        for (var request = 0; request <= Quota / 10; request++)
            instance.Quotas.Take(tenant, Plan.Personal);

        // The clock stands still, so that only the signal ends this.
        await instance.Quotas.Much.WaitAsync(TimeSpan.FromDays(1), Stop);

        instance.Quotas.Untold().ShouldHaveSingleItem().Requests.ShouldBe((Quota / 10) + 1);
    }

    private sealed class Instance : IDisposable
    {
        public Instance(NpgsqlDataSource database, TimeProvider clock)
        {
            Quotas = new TenantQuotas(Options.Create(new RateLimitSettings { Personal = Quota }), clock);
            Counts = new SharedCounts(database, Quotas, clock, NullLogger<SharedCounts>.Instance);
        }

        public TenantQuotas Quotas { get; }

        public SharedCounts Counts { get; }

        public void Dispose()
        {
            Counts.Dispose();
            Quotas.Dispose();
        }
    }
}
