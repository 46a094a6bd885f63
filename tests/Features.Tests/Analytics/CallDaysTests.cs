using Dapper;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Analytics;

/// <summary>What analytics adds up against counting.</summary>
public sealed class CallDaysTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string Wrong =
        """
        (select * from call_days where tenant_id = @Id and total > 0 except select * from counted_call_days where tenant_id = @Id)
        union all
        (select * from counted_call_days where tenant_id = @Id except select * from call_days where tenant_id = @Id)
        """;

    private const string WronglyRecovered =
        """
        select count(*) from call_logs log
        where tenant_id = @Id and recovered <> (status = 'missed' and phone_number like '+%' and exists (
            select from call_logs later
            where later.tenant_id = log.tenant_id and later.phone_number = log.phone_number and later.status = 'completed'
              and later.created_at > log.created_at and later.created_at <= log.created_at + interval '24 hours'))
        """;

    private static readonly string[] Callers = ["+15035550001", "+15035550002", "+15035550003", "anonymous"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Days_equal_counting_after_any_history(int seed)
    {
        var random = new Random(seed);
        var tenant = await app.GivenATenant("America/Los_Angeles");
        await using var transaction = await new TenantDatabase(app.Owner).BeginAsync(tenant.Id, Token);
        for (var step = 0; step < 300; step++)
            await Change(transaction, random, step);
        await transaction.CommitAsync(Token);

        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.QuerySingleAsync<long>("select sum(recovered) from call_days where tenant_id = @Id", new { tenant.Id })).ShouldBePositive();
        (await connection.QueryAsync(Wrong, new { tenant.Id })).ShouldBeEmpty();
        (await connection.QuerySingleAsync<long>(WronglyRecovered, new { tenant.Id })).ShouldBe(0);
    }

    [Fact]
    public async Task Days_move_with_the_tenants_midnight()
    {
        var tenant = await app.GivenATenant("America/Los_Angeles");
        await app.GivenACall(new Calls.PhoneCall(tenant, 1, new(2026, 3, 4, 7, 0, 0, TimeSpan.Zero)).Started());
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await Days()).ShouldBe(["2026-03-03"]);

        await connection.ExecuteAsync("update tenants set time_zone = 'Europe/Berlin' where id = @Id", new { tenant.Id });

        (await Days()).ShouldBe(["2026-03-04"]);
        Task<IEnumerable<string>> Days() => connection.QueryAsync<string>("select day::text from call_days where tenant_id = @Id", new { tenant.Id });
    }

    private static Task<int> Change(TenantTransaction transaction, Random random, int step)
    {
        var outcome = new[] { null, "message_taken", "escalated", "failed" }[random.Next(4)];
        var parameters = new
        {
            Id = Guid.CreateVersion7(KestrelVoiceApp.Noon.AddMilliseconds(step)),
            Sid = $"CA{step:x32}",
            Old = $"CA{random.Next(Math.Max(1, step)):x32}",
            Caller = Callers[random.Next(Callers.Length)],
            Status = outcome switch { null => "in-progress", "failed" => "missed", _ => "completed" },
            Outcome = outcome,
            Duration = random.Next(300),
            Emergency = random.Next(5) == 0,
            // A whole number of hours, so that some are exactly a day apart.
            At = new DateTime(2026, 3, 6, 0, 0, 0, DateTimeKind.Utc).AddHours(random.Next(96)),
        };
        return random.Next(10) switch
        {
            < 6 => transaction.ExecuteAsync(
                """
                insert into call_logs (tenant_id, id, call_sid, phone_number, dialed_number, direction, status, outcome, emergency, duration, created_at)
                values (@TenantId, @Id, @Sid, @Caller, '', 'inbound', @Status, @Outcome, @Emergency, @Duration, @At)
                """, parameters, Token),
            < 8 => transaction.ExecuteAsync(
                """
                update call_logs set status = @Status, outcome = @Outcome, emergency = @Emergency, duration = @Duration
                where tenant_id = @TenantId and call_sid = @Old
                """, parameters, Token),
            8 => transaction.ExecuteAsync(
                "update call_logs set created_at = @At where tenant_id = @TenantId and call_sid = @Old", parameters, Token),
            _ => transaction.ExecuteAsync("delete from call_logs where tenant_id = @TenantId and call_sid = @Old", parameters, Token),
        };
    }
}
