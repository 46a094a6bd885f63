using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Tests.Calls;

namespace KestrelVoice.Features.Tests.Analytics;

public sealed class GetAnalyticsTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_figure_counts_what_the_guide_says()
    {
        var tenant = await app.GivenATenant();
        await GivenAMessage(tenant, 1, Noon(4), seconds: 42);
        var emergency = new PhoneCall(tenant, 2, Noon(3), "+15035550002");
        await app.GivenACall(emergency.Started(), emergency.Says("A burst pipe"), emergency.Emergency(), emergency.Ended(seconds: 21));
        var voicemail = new PhoneCall(tenant, 3, Noon(3), "+15035550003");
        await app.GivenACall(voicemail.Started(), voicemail.Voicemail(), voicemail.Ended(seconds: 10));
        await GivenAMissed(tenant, 4, Noon(3), "+15035550004");
        await app.GivenACall(new PhoneCall(tenant, 5, Noon(2), "+15035550005").Started());

        var analytics = await app.ClientFor(tenant).ReadAsync("/api/analytics");

        analytics.GetProperty("range").GetRawText().ShouldBe(
            """{"from":"2026-02-26","to":"2026-03-04","interval":"day","time_zone":"America/Los_Angeles"}""");
        analytics.GetProperty("totals").GetRawText().ShouldBe(
            """
            {"total_calls":5,"completed_calls":3,"missed_calls":1,"average_duration":24.3,"bookable_calls":2,"booked_calls":0,"booking_rate":0,"emergency_calls":1,"emergency_rate":0.2,"recovered_calls":0,"missed_call_recovery_rate":0}
            """.Trim());
    }

    [Theory]
    [InlineData("total_calls", "")]
    [InlineData("completed_calls", "&status=completed")]
    [InlineData("missed_calls", "&status=missed")]
    [InlineData("bookable_calls", "&bookable=true")]
    [InlineData("booked_calls", "&outcome=appointment_booked")]
    [InlineData("emergency_calls", "&emergency=true")]
    [InlineData("recovered_calls", "&recovered=true")]
    public async Task The_calls_behind_a_figure_are_found_by_the_filter_of_the_guide(string figure, string filter)
    {
        var tenant = await app.GivenATenant();
        await GivenAMissed(tenant, 1, Noon(1), "+15035550001");
        await GivenAMissed(tenant, 2, Noon(2), "+15035550001");
        await GivenAMessage(tenant, 3, Noon(2).AddHours(1), "+15035550001");
        var emergency = new PhoneCall(tenant, 4, Noon(3), "+15035550002");
        await app.GivenACall(emergency.Started(), emergency.Says("A burst pipe"), emergency.Emergency(), emergency.Dials(DialTarget.OnCall, bridged: true), emergency.Ended());
        await app.GivenACall(new PhoneCall(tenant, 5, Noon(3), "+15035550003").Started());
        using var client = app.ClientFor(tenant);
        const string Days = "from_date=2026-03-01&to_date=2026-03-03";

        var expected = (await client.ReadAsync("/api/analytics?" + Days)).GetProperty("totals").GetProperty(figure).GetInt64();

        var list = await client.ReadAsync($"/api/call-logs?{Days}{filter}");
        list.Total().ShouldBe(expected);
        list.Data().Count.ShouldBe((int)expected);
        if (figure != "booked_calls")
            expected.ShouldBePositive();
    }

    [Fact]
    public async Task A_day_without_calls_is_there_and_has_no_rates()
    {
        var tenant = await app.GivenATenant();
        await GivenAMessage(tenant, 1, Noon(3));

        var series = (await app.ClientFor(tenant).ReadAsync("/api/analytics?from_date=2026-03-02&to_date=2026-03-04")).GetProperty("series");

        Periods(series).ShouldBe(["2026-03-02 0", "2026-03-03 1", "2026-03-04 0"]);
        series[0].GetProperty("average_duration").ValueKind.ShouldBe(JsonValueKind.Null);
        series[0].GetProperty("booking_rate").ValueKind.ShouldBe(JsonValueKind.Null);
        series[0].GetProperty("missed_call_recovery_rate").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Theory]
    [InlineData("interval=week", "2026-02-23 1|2026-03-02 2")]
    [InlineData("interval=month", "2026-02-01 1|2026-03-01 2")]
    public async Task Weeks_begin_on_Monday_and_months_on_the_first(string query, string expected)
    {
        var tenant = await app.GivenATenant();
        await GivenAMessage(tenant, 1, new DateTimeOffset(2026, 2, 28, 12, 0, 0, TimeSpan.Zero));
        await GivenAMessage(tenant, 2, Noon(2));
        await GivenAMessage(tenant, 3, Noon(4));

        var analytics = await app.ClientFor(tenant).ReadAsync("/api/analytics?" + query);

        string.Join('|', Periods(analytics.GetProperty("series"))).ShouldBe(expected);
    }

    [Fact]
    public async Task A_day_is_one_where_the_business_is_and_may_have_23_hours()
    {
        var tenant = await app.GivenATenant("America/Los_Angeles");
        // 8 March 2026 lasts there from 08:00Z to 07:00Z.
        await GivenAMessage(tenant, 1, new(2026, 3, 8, 7, 59, 59, TimeSpan.Zero));
        await GivenAMessage(tenant, 2, new(2026, 3, 8, 8, 0, 0, TimeSpan.Zero));
        await GivenAMessage(tenant, 3, new(2026, 3, 9, 6, 59, 59, TimeSpan.Zero));
        await GivenAMessage(tenant, 4, new(2026, 3, 9, 7, 0, 0, TimeSpan.Zero));

        var analytics = await app.ClientFor(tenant).ReadAsync("/api/analytics?from_date=2026-03-07&to_date=2026-03-09");

        Periods(analytics.GetProperty("series")).ShouldBe(["2026-03-07 1", "2026-03-08 2", "2026-03-09 1"]);
    }

    [Theory]
    [InlineData(24 * 3600, "+15035550001", 1)]
    [InlineData((24 * 3600) + 1, "+15035550001", 0)]
    [InlineData(60, "+15035550002", 0)]
    [InlineData(-60, "+15035550001", 0)]
    public async Task A_missed_call_is_recovered_when_its_number_is_talked_to_within_24_hours(int secondsLater, string number, int recovered)
    {
        foreach (var missedFirst in new[] { true, false })
        {
            var tenant = await app.GivenATenant();
            // What is told later may have happened earlier.
            if (missedFirst)
                await GivenAMissed(tenant, 1, Noon(2), "+15035550001");
            await GivenAMessage(tenant, 2, Noon(2).AddSeconds(secondsLater), number);
            if (!missedFirst)
                await GivenAMissed(tenant, 1, Noon(2), "+15035550001");

            var totals = (await app.ClientFor(tenant).ReadAsync("/api/analytics")).GetProperty("totals");

            totals.GetProperty("recovered_calls").GetInt32().ShouldBe(recovered);
            totals.GetProperty("missed_call_recovery_rate").GetDecimal().ShouldBe(recovered);
        }
    }

    [Fact]
    public async Task A_withheld_number_is_nobody_in_particular_and_never_recovered()
    {
        var tenant = await app.GivenATenant();
        await GivenAMissed(tenant, 1, Noon(2), "anonymous");
        await GivenAMessage(tenant, 2, Noon(2).AddHours(1), "anonymous");

        (await app.ClientFor(tenant).ReadAsync("/api/analytics")).GetProperty("totals").GetProperty("recovered_calls").GetInt32().ShouldBe(0);
    }

    [Theory]
    [InlineData("range=90d")]
    [InlineData("from_date=2026-01-01&to_date=2026-01-31")]
    public async Task More_than_30_days_need_Business_Plus(string query)
    {
        var tenant = await app.GivenATenant();

        using var refused = await app.ClientFor(tenant).GetAsync("/api/analytics?" + query, Token);

        refused.StatusCode.ShouldBe(HttpStatusCode.PaymentRequired);
        var problem = await refused.Content.ReadFromJsonAsync<JsonElement>(Token);
        problem.GetProperty("error").GetString().ShouldBe("upgrade_required");
        problem.GetProperty("required_plan").GetString().ShouldBe("business_plus");
        problem.GetProperty("message").GetString()!.ShouldContain("Business Plus");

        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        await connection.ExecuteAsync("update tenants set plan = 'business_plus' where id = @Id", new { tenant.Id });
        (await app.ClientFor(tenant).GetAsync("/api/analytics?" + query, Token)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("range=8d", "range")]
    [InlineData("range=7d&from_date=2026-03-01&to_date=2026-03-02", "range")]
    [InlineData("interval=hour", "interval")]
    [InlineData("from_date=2026-03-01", "to_date")]
    [InlineData("to_date=2026-03-01", "from_date")]
    [InlineData("from_date=2026-03-02&to_date=2026-03-01", "to_date")]
    [InlineData("from_date=2024-01-01&to_date=2025-01-01", "to_date")]
    [InlineData("from_date=2026-03-01T00:00:00Z&to_date=2026-03-02", "from_date")]
    [InlineData("from_date=2026-02-30&to_date=2026-03-02", "from_date")]
    [InlineData("status=missed", "status")]
    public async Task A_parameter_that_is_not_right_is_named(string query, string parameter) =>
        await (await app.ClientFor(await app.GivenATenant()).GetAsync("/api/analytics?" + query, Token)).ShouldBeInvalid(parameter);

    private static DateTimeOffset Noon(int dayOfMarch) => new(2026, 3, dayOfMarch, 12, 0, 0, TimeSpan.Zero);

    private static IEnumerable<string> Periods(JsonElement series) =>
        series.EnumerateArray().Select(period => $"{period.GetProperty("period").GetString()} {period.GetProperty("total_calls").GetInt32()}");

    private Task GivenAMessage(TestTenant tenant, int number, DateTimeOffset at, string from = "+15035550001", int seconds = 42)
    {
        var call = new PhoneCall(tenant, number, at, from);
        return app.GivenACall(call.Started(), call.Says("My sink drips."), call.Ended(seconds: seconds));
    }

    private Task GivenAMissed(TestTenant tenant, int number, DateTimeOffset at, string from)
    {
        var call = new PhoneCall(tenant, number, at, from);
        return app.GivenACall(call.Started(), call.Ended(status: "no-answer", seconds: 0));
    }
}
