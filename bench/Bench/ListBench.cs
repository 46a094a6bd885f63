using KestrelVoice.EndToEnd.Tests.Running;
using Npgsql;

namespace KestrelVoice.Bench;

/// <summary>What sign-in, policies, validation and the mediator cost the hottest read.</summary>
internal static class ListBench
{
    // Transcripts of about 1.2 kB, as a conversation of a dozen turns has.
    private const string Seed =
        """
        insert into call_logs (tenant_id, id, call_sid, phone_number, dialed_number, direction, status, outcome, emergency, duration,
            transcript, summary, recording_sid, carrier_status, created_at, ended_at)
        select id, gen_random_uuid(), 'CA' || md5(n::text), '+1503555' || lpad((n % 10000)::text, 4, '0'), '+15035550100', 'inbound',
            case when n % 7 = 0 then 'missed' else 'completed' end, case when n % 7 = 0 then 'abandoned' else 'message_taken' end, n % 50 = 0, n % 300,
            repeat('Caller: the water heater leaks. ', 38), 'The caller left a message.', case when n % 3 = 0 then 'RE' || md5(n::text) end, 'completed',
            now() - n * interval '7 minutes', now() - n * interval '7 minutes' + interval '90 seconds'
        from tenants, generate_series(1, $1) as n
        """;

    public static async Task RunAsync(int calls, int connections, int rounds, TimeSpan length, CancellationToken cancellationToken)
    {
        await using var stack = await Stack.StartAsync(cancellationToken);
        var tenantId = await SeedAsync(stack, calls, cancellationToken);
        await using var bare = await BareProcess.StartAsync(stack, tenantId, cancellationToken);
        var cookie = await SessionCookie.SignInAsync(stack, cancellationToken);
        var list = new Uri(stack.HostUrl, "/api/call-logs");

        await Comparison.RunAsync(
            new Subject("bare Npgsql", () => new HttpRequestMessage(HttpMethod.Get, new Uri(bare.Url, "/list"))),
            [
                new Subject("X-API-Key", () => stack.Request(HttpMethod.Get, "/api/call-logs")),
                new Subject("session cookie", () => new HttpRequestMessage(HttpMethod.Get, list) { Headers = { { "Cookie", cookie } } }),
            ],
            connections, rounds, length, cancellationToken);
    }

    private static async Task<Guid> SeedAsync(Stack stack, int calls, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(stack.DatabaseConnectionString);
        await using (var seed = source.CreateCommand(Seed))
        {
            seed.CommandTimeout = 600;
            seed.Parameters.Add(new() { Value = calls });
            await seed.ExecuteNonQueryAsync(cancellationToken);
        }
        await using (var analyze = source.CreateCommand("analyze"))
            await analyze.ExecuteNonQueryAsync(cancellationToken);
        await using var tenant = source.CreateCommand("select id from tenants");
        return (Guid)(await tenant.ExecuteScalarAsync(cancellationToken))!;
    }
}
