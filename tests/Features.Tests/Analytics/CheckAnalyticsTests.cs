using System.Collections.Concurrent;
using FluentValidation;
using KestrelVoice.Features.Analytics;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Webhooks.Delivery;
using MediatR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.Features.Tests.Analytics;

public sealed class CheckAnalyticsTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_kept_in_the_transactions_of_the_calls_is_what_counting_them_comes_to()
    {
        var tenant = await GivenCalls();

        var found = await CheckAsync(tenant.Number);

        (found!.Tenants, found.Differences, found.Repaired).ShouldBe((1, 0, false));
        found.Shown.ShouldBeEmpty();
        (await CheckAsync(tenant.Id.ToString(), repair: true))!.Differences.ShouldBe(0);
    }

    [Fact]
    public async Task A_number_that_is_off_is_told_with_both_its_values()
    {
        var tenant = await GivenCalls();
        await app.Execute("update call_days set seconds = seconds + 7, missed = 5 where tenant_id = @Id", new { tenant.Id });
        await app.Execute(
            """
            update call_counts
            set calls[(select kind from call_kinds where status = 'completed' and outcome = 'message_taken' and emergency and not recovered)] = 40
            where tenant_id = @Id and grain = 'all'
            """,
            new { tenant.Id });

        var found = await CheckAsync(tenant.Id.ToString());

        var id = TypeId.Format(TypeId.Tenant, tenant.Id);
        var seconds = await app.Scalar<long>("select sum(duration) from call_logs where tenant_id = @Id and status = 'completed'", new { tenant.Id });
        (found!.Tenants, found.Differences, found.Repaired).ShouldBe((1, 3, false));
        found.Shown.ShouldBe(
        [
            new(id, "call_counts", "all", "completed message_taken emergency", 40, 1),
            new(id, "call_days", "2026-03-04", "missed", 5, 1),
            new(id, "call_days", "2026-03-04", "seconds", seconds + 7, seconds),
        ]);
        (await CheckAsync(tenant.Id.ToString()))!.Differences.ShouldBe(3, "whoever only looks changes nothing");
    }

    [Fact]
    public async Task Rows_that_are_missing_or_too_many_are_differences_and_repaired_like_the_others()
    {
        var tenant = await GivenCalls();
        using var client = app.ClientFor(tenant);
        var (list, analytics) = (await client.GetStringAsync("/api/call-logs?status=missed", Stop), await client.GetStringAsync("/api/analytics", Stop));
        await app.Execute(
            """
            delete from call_days where tenant_id = @Id;
            delete from call_counts where tenant_id = @Id and grain = 'quarter';
            insert into call_days (tenant_id, day, total, completed, missed, seconds, bookable, booked, emergency, recovered)
            values (@Id, '2026-01-01', 1, 1, 0, 60, 0, 0, 0, 0);
            update call_counts set calls[kind] = calls[kind] + 3 from call_kinds where tenant_id = @Id and calls[kind] > 0 and status = 'missed';
            """,
            new { tenant.Id });
        (await client.GetStringAsync("/api/analytics", Stop)).ShouldNotBe(analytics);

        var repaired = await CheckAsync(tenant.Id.ToString(), repair: true);

        repaired!.Differences.ShouldBeGreaterThan(10);
        repaired.Shown.Count.ShouldBe((int)repaired.Differences);
        repaired.Repaired.ShouldBeTrue();
        (await CheckAsync(tenant.Id.ToString()))!.Differences.ShouldBe(0);
        (await client.GetStringAsync("/api/analytics", Stop)).ShouldBe(analytics);
        (await client.GetStringAsync("/api/call-logs?status=missed", Stop)).ShouldBe(list);
    }

    [Fact]
    public async Task Calls_that_come_in_during_a_repair_are_counted_once()
    {
        var tenant = await GivenCalls();
        await app.Execute("update call_days set total = total + 9 where tenant_id = @Id", new { tenant.Id });

        var ringing = Task.WhenAll(Enumerable.Range(100, 20).Select(async number =>
            (await app.Deliver(new PhoneCall(tenant, number, KestrelVoiceApp.Noon).Started())).EnsureSuccessStatusCode()));
        for (var again = 0; again < 5; again++)
            await CheckAsync(tenant.Id.ToString(), repair: true);
        await ringing;

        (await CheckAsync(tenant.Id.ToString()))!.Differences.ShouldBe(0);
        (await app.Scalar<long>("select sum(total) from call_days where tenant_id = @Id", new { tenant.Id })).ShouldBe(23);
    }

    [Fact]
    public async Task Every_tenant_is_checked_when_none_is_named_and_one_line_a_difference_has_an_end()
    {
        var tenants = new[] { await GivenCalls(), await GivenCalls() };
        foreach (var tenant in tenants)
            await app.Execute(
                """
                insert into call_days (tenant_id, day, total, completed, missed, seconds, bookable, booked, emergency, recovered)
                select @Id, day, 1, 0, 0, 0, 0, 0, 0, 0 from generate_series('2025-01-01'::date, '2025-05-30', '1 day') as day
                """,
                new { tenant.Id });

        var found = await CheckAsync(tenant: null, repair: true);

        found!.Tenants.ShouldBeGreaterThanOrEqualTo(2);
        found.Differences.ShouldBeGreaterThanOrEqualTo(300);
        found.Shown.Count.ShouldBe(CheckAnalytics.MostShown);
        foreach (var tenant in tenants)
            (await CheckAsync(tenant.Id.ToString()))!.Differences.ShouldBe(0);
    }

    [Fact]
    public async Task Who_does_not_exist_has_nothing_to_check()
    {
        (await CheckAsync(Guid.Empty.ToString())).ShouldBeNull();
        (await CheckAsync("+15550000000")).ShouldBeNull();
        await Should.ThrowAsync<ValidationException>(() => CheckAsync("Maple Street"));
    }

    [Fact]
    public async Task The_host_looks_once_a_day_and_warns_of_how_much_is_off()
    {
        var tenant = await GivenCalls();
        await app.Execute("update call_days set booked = 4 where tenant_id = @Id", new { tenant.Id });
        var (clock, warnings) = (new FakeTimeProvider(KestrelVoiceApp.Noon), new Warnings());
        using var watch = new RollupWatch(app.Services.GetRequiredService<IServiceScopeFactory>(), clock, warnings);

        await watch.StartAsync(Stop);
        await app.Eventually(() =>
        {
            clock.Advance(TimeSpan.FromDays(1));
            return Task.FromResult(!warnings.Said.IsEmpty);
        }, "a warning");
        await watch.StopAsync(Stop);

        warnings.Said.First().ShouldMatch("^[1-9][0-9]* counters of calls, among those of [1-9][0-9]* tenants, are not");
        warnings.Said.First().ShouldNotContain(tenant.Id.ToString());
        (await CheckAsync(tenant.Id.ToString()))!.Differences.ShouldBe(1);
    }

    private sealed class Warnings : ILogger<RollupWatch>
    {
        public ConcurrentQueue<string> Said { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Said.Enqueue(formatter(state, exception));
    }

    // A message that was an emergency, one that was none, and a call that was missed.
    private async Task<TestTenant> GivenCalls()
    {
        var tenant = await app.GivenATenant();
        var calls = Enumerable.Range(1, 3).Select(number => new PhoneCall(tenant, number, KestrelVoiceApp.Noon.AddMinutes(20 * number), $"+1503555900{number}")).ToArray();
        await app.GivenACall(calls[0].Says("A burst pipe!"), calls[0].Emergency(), calls[0].Ended());
        await app.GivenACall(calls[1].Says("My sink drips."), calls[1].Ended());
        await app.GivenACall(calls[2].Ended("no-answer", 0));
        return tenant;
    }

    private async Task<CheckAnalytics.Response?> CheckAsync(string? tenant, bool repair = false)
    {
        app.Stranger().Dispose();
        await using var scope = app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(new CheckAnalytics.Command(tenant, repair), Stop);
    }
}
