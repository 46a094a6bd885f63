using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Analytics;
using KestrelVoice.Features.Tests.Webhooks.Delivery;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Tests.Analytics;

/// <summary>Analytics are added up and written by hand. Here the database adds them up, and the serializer writes.</summary>
public sealed class WrittenAnalyticsTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string AddUp =
        """
        select date_trunc(@interval, days.day)::date::text as period,
               coalesce(sum(total), 0)::bigint as total, coalesce(sum(completed), 0)::bigint as completed, coalesce(sum(missed), 0)::bigint as missed,
               coalesce(sum(seconds), 0)::bigint as seconds, coalesce(sum(bookable), 0)::bigint as bookable,
               coalesce(sum(booked), 0)::bigint as booked, coalesce(sum(emergency), 0)::bigint as emergency,
               coalesce(sum(recovered), 0)::bigint as recovered
        from generate_series(@from::date, @to::date, interval '1 day') as days (day)
        left join call_days on tenant_id = @Id and call_days.day = days.day::date
        group by grouping sets (1, ())
        order by 1 nulls first
        """;

    private sealed record Row(
        string? Period, long Total, long Completed, long Missed, long Seconds, long Bookable, long Booked, long Emergency, long Recovered);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // At noon UTC it is already tomorrow on Kiritimati.
    [Theory]
    [InlineData("day", "America/Los_Angeles", "2025-12-05", "2026-03-04")]
    [InlineData("week", "America/Los_Angeles", "2025-12-05", "2026-03-04")]
    [InlineData("month", "America/Los_Angeles", "2025-12-05", "2026-03-04")]
    [InlineData("day", "Pacific/Kiritimati", "2025-12-06", "2026-03-05")]
    [InlineData("week", "Pacific/Kiritimati", "2025-12-06", "2026-03-05")]
    public async Task Ninety_days_are_what_the_database_adds_up_and_the_serializer_writes(string interval, string timeZone, string from, string to)
    {
        var tenant = await GivenDays(timeZone, "n % 7 <> 3");

        (await ReadAsync(tenant, $"range=90d&interval={interval}")).ShouldBe(await ExpectedAsync(tenant, interval, timeZone, from, to));
    }

    [Theory]
    [InlineData("day")]
    [InlineData("week")]
    [InlineData("month")]
    public async Task Any_year_is_too(string interval)
    {
        var tenant = await GivenDays("Europe/Berlin", "n % 2 = 0");

        (await ReadAsync(tenant, $"from_date=2025-01-15&to_date=2026-01-15&interval={interval}"))
            .ShouldBe(await ExpectedAsync(tenant, interval, "Europe/Berlin", "2025-01-15", "2026-01-15"));
    }

    [Theory]
    [InlineData("day")]
    [InlineData("week")]
    [InlineData("month")]
    public async Task Without_any_call_they_are_too(string interval)
    {
        var tenant = await GivenDays("America/Los_Angeles", "false");

        (await ReadAsync(tenant, $"range=90d&interval={interval}"))
            .ShouldBe(await ExpectedAsync(tenant, interval, "America/Los_Angeles", "2025-12-05", "2026-03-04"));
    }

    /// <summary>Two years of days around today with shares of all kinds, and the days of another tenant.</summary>
    private async Task<TestTenant> GivenDays(string timeZone, string which)
    {
        var (tenant, other) = (await app.GivenATenant(timeZone), await app.GivenATenant(timeZone));
        await app.Execute(
            $"""
            update tenants set plan = 'business_plus' where id = @Id;
            insert into call_days (tenant_id, day, total, completed, missed, seconds, bookable, booked, emergency, recovered)
            select @Id, date '2024-06-01' + n, total, total - missed, missed, (total - missed) * (n % 90) + n % 3, bookable, bookable * n % 4, n % 5, missed * n % 3
            from generate_series(0, 730) as n
            cross join lateral (select n * 7919 % 5003 * (n % 3) as total, n % 11 as missed, n * 31 % 17 as bookable) as counts
            where {which};
            insert into call_days select @Other, date '2024-06-01' + n, 7, 7, 7, 7, 7, 7, 7, 7 from generate_series(0, 730) as n
            """, new { tenant.Id, Other = other.Id });
        return tenant;
    }

    private async Task<string> ReadAsync(TestTenant tenant, string query)
    {
        using var client = app.ClientFor(tenant);
        return await client.GetStringAsync("/api/analytics?" + query, Token);
    }

    private async Task<string> ExpectedAsync(TestTenant tenant, string interval, string timeZone, string from, string to)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        var rows = (await connection.QueryAsync<Row>(AddUp, new { tenant.Id, interval, from, to })).AsList();
        var response = new GetAnalytics.Response(
            new GetAnalytics.CoveredRange(DateOnly.Parse(from, null), DateOnly.Parse(to, null), interval, timeZone),
            FiguresOf(rows[0]),
            [.. rows.Skip(1).Select(row => new GetAnalytics.PeriodFigures(DateOnly.Parse(row.Period!, null), FiguresOf(row)))]);
        return JsonSerializer.Serialize(response, app.Services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions);
    }

    private static GetAnalytics.Figures FiguresOf(Row row) => new(
        row.Total, row.Completed, row.Missed, Share(row.Seconds, row.Completed, digits: 1),
        row.Bookable, row.Booked, Share(row.Booked, row.Bookable, digits: 4),
        row.Emergency, Share(row.Emergency, row.Total, digits: 4),
        row.Recovered, Share(row.Recovered, row.Missed, digits: 4));

    private static decimal? Share(long part, long whole, int digits) =>
        whole == 0 ? null : Math.Round((decimal)part / whole, digits, MidpointRounding.AwayFromZero);
}
