using System.Globalization;
using Dapper;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Calls;

/// <summary>Pages that begin where the counters say, against walking there.</summary>
public sealed class DeepOffsetTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const int Calls = 700;

    private static readonly (string Status, string? Outcome, bool Recovered)[] Kinds =
    [
        ("completed", "message_taken", false), ("completed", "appointment_booked", false), ("completed", "voicemail", false),
        ("missed", "abandoned", false), ("missed", "no_answer", false), ("missed", "no_answer", true), ("in-progress", null, false),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Any_page_of_any_list_is_the_one_that_walking_finds(int seed)
    {
        var random = new Random(seed);
        var tenant = await app.GivenATenant(timeZone: "Asia/Kathmandu");
        await GivenCalls(tenant, random);
        var client = app.ClientFor(tenant);
        await using var connection = await app.Owner.OpenConnectionAsync(Token);

        for (var question = 0; question < 250; question++)
        {
            var (filter, condition) = Filter(random);
            var offset = random.Next(3) == 0 ? random.Next(20) : random.Next(Calls + 50);
            var limit = 1 + random.Next(30);
            var walked = (await connection.QueryAsync<Guid>(
                $"select id from call_logs where tenant_id = @Id {condition} order by created_at desc, id desc limit @limit offset @offset",
                new { tenant.Id, limit, offset })).AsList();

            var page = await client.ReadAsync($"/api/call-logs?limit={limit}&offset={offset}{filter}");

            page.Data().Select(item => TypeId.Parse(TypeId.Call, item.Id())).ShouldBe(walked, $"limit {limit}, offset {offset}, {filter}");
        }
    }

    [Fact]
    public async Task The_page_after_a_deep_one_goes_on_where_it_ended()
    {
        var tenant = await app.GivenATenant();
        await GivenCalls(tenant, new Random(4));
        var client = app.ClientFor(tenant);
        var next = (await client.ReadAsync("/api/call-logs?limit=10&offset=510")).Data().Select(item => item.Id());

        var cursor = (await client.ReadAsync("/api/call-logs?limit=10&offset=500")).NextCursor();

        (await client.ReadAsync($"/api/call-logs?limit=10&cursor={cursor}")).Data().Select(item => item.Id()).ShouldBe(next);
    }

    [Fact]
    public async Task Farther_down_than_a_hundred_the_counters_say_where_a_page_begins()
    {
        var tenant = await app.GivenATenant();
        await GivenCalls(tenant, new Random(5));
        var client = app.ClientFor(tenant);
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        // Counters that lie show whether they were asked.
        await connection.ExecuteAsync("update call_counts set calls = '{0}' where tenant_id = @Id and grain <> 'all'", new { tenant.Id });

        (await client.ReadAsync("/api/call-logs?offset=100")).Data().ShouldNotBeEmpty();
        (await client.ReadAsync("/api/call-logs?offset=101")).Data().ShouldBeEmpty();
    }

    private async Task GivenCalls(TestTenant tenant, Random random)
    {
        var calls = Enumerable.Range(0, Calls).Select(number => (Number: number, At: Moment(random), Kind: Kinds[random.Next(Kinds.Length)])).ToList();
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        await connection.ExecuteAsync(
            """
            insert into call_logs (tenant_id, id, call_sid, phone_number, dialed_number, direction, status, outcome, emergency, recovered, duration, created_at)
            select @Id, gen_random_uuid(), 'CA' || number, '', '', 'inbound', status, outcome, emergency, recovered, 0, at
            from unnest(@Numbers, @Moments, @Statuses, @Outcomes, @Emergencies, @Recoveries) as call (number, at, status, outcome, emergency, recovered)
            """,
            new
            {
                tenant.Id,
                Numbers = calls.Select(call => call.Number).ToArray(),
                Moments = calls.Select(call => call.At).ToArray(),
                Statuses = calls.Select(call => call.Kind.Status).ToArray(),
                Outcomes = calls.Select(call => call.Kind.Outcome).ToArray(),
                Emergencies = calls.Select(_ => random.Next(4) == 0).ToArray(),
                Recoveries = calls.Select(call => call.Kind.Recovered).ToArray(),
            });
    }

    // Within three years, and more often than chance would have it at the same moment as others: a boundary, or the tick before it.
    private static DateTime Moment(Random random)
    {
        var start = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var boundary = random.Next(6) switch
        {
            0 => start.AddYears(random.Next(3)),
            1 => start.AddMonths(random.Next(36)),
            2 => start.AddMonths(7).AddDays(random.Next(31)),
            3 => start.AddMonths(7).AddDays(3).AddMinutes(15 * random.Next(96)),
            4 => start.AddMonths(7).AddDays(3).AddMinutes(15).AddSeconds(random.Next(900)),
            _ => start.AddSeconds(random.Next(3 * 365 * 86400)),
        };
        return random.Next(4) == 0 ? boundary.AddMicroseconds(-1) : boundary;
    }

    private static (string Query, string Condition) Filter(Random random)
    {
        var (query, condition) = random.Next(5) switch
        {
            0 => ("&status=missed", "and status = 'missed'"),
            1 => ("&status=in-progress", "and status = 'in-progress'"),
            2 => ("&outcome=no_answer", "and outcome = 'no_answer'"),
            3 => ("&bookable=true", "and outcome in ('message_taken', 'appointment_booked')"),
            _ => ("", ""),
        };
        foreach (var flag in new[] { "emergency", "recovered" })
        {
            if (random.Next(3) is var choice and < 2)
                (query, condition) = ($"{query}&{flag}={(choice == 0 ? "true" : "false")}", $"{condition} and {flag} = {choice == 0}");
        }
        if (random.Next(3) == 0)
        {
            var since = Moment(random);
            (query, condition) = ($"{query}&from_date={Instant(since)}", $"{condition} and created_at >= '{Instant(since)}'");
        }
        if (random.Next(3) == 0)
        {
            var until = Moment(random);
            (query, condition) = ($"{query}&to_date={Instant(until)}", $"{condition} and created_at < '{Instant(until)}'");
        }
        else if (random.Next(3) == 0)
        {
            var day = Moment(random).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            (query, condition) = ($"{query}&to_date={day}", $"{condition} and created_at < ('{day}'::date + 1)::timestamp at time zone 'Asia/Kathmandu'");
        }
        return (query, condition);
    }

    private static string Instant(DateTime at) => at.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);
}
