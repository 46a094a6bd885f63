using Dapper;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Calls;

/// <summary>The counters against counting.</summary>
public sealed class CallCountsTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static readonly string[] Statuses = ["completed", "in-progress", "missed"];
    private static readonly string[] Outcomes = ["message_taken", "failed", "escalated"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Counters_equal_counting_after_any_history(int seed)
    {
        var random = new Random(seed);
        var tenant = await app.GivenATenant();
        var other = await app.GivenATenant();
        await using var transaction = await new TenantDatabase(app.Owner).BeginAsync(tenant.Id, Token);
        for (var step = 0; step < 300; step++)
            await Change(transaction, random, step);
        await transaction.CommitAsync(Token);

        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        for (var question = 0; question < 400; question++)
        {
            var (since, until) = (Bound(random, DateTime.MinValue), Bound(random, DateTime.MaxValue));
            var status = random.Next(4) is var choice and < 3 ? Statuses[choice] : null;
            var outcomes = random.Next(3) switch { 0 => new[] { Outcomes[random.Next(3)] }, 1 => ["message_taken", "failed"], _ => null };
            var (emergency, recovered) = (Perhaps(random), Perhaps(random));
            var (counted, actual) = await connection.QuerySingleAsync<(long, long)>(
                """
                select count_calls(@Id, @since, @until, @status, @outcomes, @emergency, @recovered),
                       (select count(*) from call_logs where tenant_id = @Id and created_at >= @since and created_at < @until
                            and (@status::text is null or status = @status) and (@outcomes::text[] is null or outcome = any (@outcomes))
                            and (@emergency::boolean is null or emergency = @emergency) and (@recovered::boolean is null or recovered = @recovered))
                """, new { tenant.Id, since, until, status, outcomes, emergency, recovered });

            counted.ShouldBe(actual, $"{since:O} to {until:O}, {status ?? "any"}, {string.Join('/', outcomes ?? [])}, {emergency}, {recovered}");
        }
        (await connection.QuerySingleAsync<long>("select count_calls(@Id, '-infinity', 'infinity', null, null, null, null)", new { other.Id })).ShouldBe(0);
    }

    [Fact]
    public async Task Only_what_does_not_fall_on_a_quarter_hour_is_read_from_the_calls()
    {
        var tenant = await app.GivenATenant();
        await app.GivenACall(new PhoneCall(tenant, 1, KestrelVoiceApp.Noon).Started());
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        // Counters that lie show whether they were asked.
        await connection.ExecuteAsync("update call_counts set calls = '{1000}' where tenant_id = @Id", new { tenant.Id });

        (await Count("-infinity", "infinity")).ShouldBe(1000);
        (await Count("2026-03-04 00:00Z", "2026-03-05 00:00Z")).ShouldBe(1000);
        (await Count("2026-03-04 12:00Z", "2026-03-04 12:15Z")).ShouldBe(1000);
        (await Count("2026-03-03 12:00Z", "2026-03-06 12:00Z")).ShouldBe(1000);
        (await Count("2026-03-04 12:00Z", "2026-03-04 12:01Z")).ShouldBe(1);
        (await Count("2026-03-04 11:59Z", "2026-03-04 12:00:01Z")).ShouldBe(1);

        Task<long> Count(string since, string until) => connection.QuerySingleAsync<long>(
            "select count_calls(@Id, @since::timestamptz, @until::timestamptz, null, null, null, null)", new { tenant.Id, since, until });
    }

    private static Task<int> Change(TenantTransaction transaction, Random random, int step)
    {
        var parameters = new
        {
            Id = Guid.CreateVersion7(KestrelVoiceApp.Noon.AddMilliseconds(step)),
            Sid = $"CA{step:x32}",
            Old = $"CA{random.Next(Math.Max(1, step)):x32}",
            Status = Statuses[random.Next(3)],
            Outcome = Outcomes[random.Next(3)],
            Emergency = random.Next(4) == 0,
            Recovered = random.Next(4) == 0,
            At = Moment(random),
        };
        return random.Next(10) switch
        {
            < 6 => transaction.ExecuteAsync(
                """
                insert into call_logs (tenant_id, id, call_sid, phone_number, dialed_number, direction, status, outcome, emergency, recovered, duration, created_at)
                values (@TenantId, @Id, @Sid, '', '', 'inbound', @Status, case when @Status <> 'in-progress' then @Outcome end, @Emergency, @Recovered, 0, @At)
                """, parameters, Token),
            < 8 => transaction.ExecuteAsync(
                """
                update call_logs set status = @Status, outcome = case when @Status <> 'in-progress' then @Outcome end, emergency = @Emergency
                where tenant_id = @TenantId and call_sid = @Old
                """, parameters, Token),
            8 => transaction.ExecuteAsync(
                "update call_logs set created_at = @At where tenant_id = @TenantId and call_sid = @Old", parameters, Token),
            _ => transaction.ExecuteAsync("delete from call_logs where tenant_id = @TenantId and call_sid = @Old", parameters, Token),
        };
    }

    private static bool? Perhaps(Random random) => random.Next(3) switch { 0 => true, 1 => false, _ => null };

    // Within four days, and more often than chance would have it exactly on a boundary.
    private static DateTime Moment(Random random)
    {
        var start = new DateTime(2026, 3, 2, 0, 0, 0, DateTimeKind.Utc);
        return random.Next(3) switch
        {
            0 => start.AddMinutes(15 * random.Next(4 * 96)),
            1 => start.AddDays(random.Next(4)),
            _ => start.AddMicroseconds(random.NextInt64(4L * 24 * 3600 * 1_000_000)),
        };
    }

    private static DateTime Bound(Random random, DateTime open) =>
        random.Next(5) == 0 ? DateTime.SpecifyKind(open, DateTimeKind.Utc) : Moment(random);
}
