using System.Globalization;
using System.Net;
using System.Text.Json;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class GetAvailabilityTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task One_technician_can_be_asked_for()
    {
        var (client, trade) = await ArrangeAsync(technicians: 2);
        (await client.Book(trade, "2026-03-05T18:00:00Z", trade.ResourceIds[0])).EnsureSuccessStatusCode();
        var path = $"/api/availability?service_id={trade.ServiceId}&from=2026-03-05T18:00:00Z&to=2026-03-05T18:00:01Z";

        (await client.ReadAsync(path)).Data().ShouldHaveSingleItem().GetProperty("resource_id").GetString().ShouldBe(trade.ResourceIds[1]);
        (await client.ReadAsync($"{path}&resource_id={trade.ResourceIds[0]}")).Data().ShouldBeEmpty();
        (await client.ReadAsync($"{path}&resource_id={trade.ResourceIds[1]}")).Data().Count.ShouldBe(1);
        // Two hours later both are free, and both are offered.
        (await client.ReadAsync($"/api/availability?service_id={trade.ServiceId}&from=2026-03-05T20:00:00Z&to=2026-03-05T20:00:01Z")).Data()
            .Select(slot => slot.GetProperty("resource_id").GetString()!).ShouldBe(trade.ResourceIds, ignoreOrder: true);
    }

    [Fact]
    public async Task What_lies_behind_is_not_offered_whatever_is_asked_for()
    {
        var (client, trade) = await ArrangeAsync();

        var offered = await client.ReadAsync($"/api/availability?service_id={trade.ServiceId}&from=2026-03-01T00:00:00Z&to=2026-03-06T00:00:00Z");

        offered.Data().ShouldAllBe(slot => slot.GetProperty("starts_at").GetDateTimeOffset() >= app.Clock.GetUtcNow());
    }

    [Fact]
    public async Task Seven_days_are_shown_unless_said_and_at_most_31()
    {
        var (client, trade) = await ArrangeAsync();

        (await DaysAsync("")).ShouldBe(7);
        (await DaysAsync("&from=2026-03-10T08:00:00Z")).ShouldBe(7);
        (await DaysAsync("&from=2026-03-10T08:00:00Z&to=2026-03-12T07:00:00Z")).ShouldBe(2);
        (await DaysAsync("&from=2026-03-10T07:00:00Z&to=2026-04-10T07:00:00Z")).ShouldBe(31);
        using var longer = await client.GetAsync(
            $"/api/availability?service_id={trade.ServiceId}&from=2026-03-10T07:00:00Z&to=2026-04-10T07:00:01Z", TestContext.Current.CancellationToken);
        await longer.ShouldBeInvalid("to");

        async Task<int> DaysAsync(string range) => (await client.ReadAsync($"/api/availability?service_id={trade.ServiceId}{range}")).Data()
            .Select(DayOf).Distinct().Count();
    }

    [Theory]
    [InlineData("", "service_id")]
    [InlineData("service_id=repair", "service_id")]
    [InlineData("service_id={service}&resource_id=sam", "resource_id")]
    [InlineData("service_id={service}&from=2026-03-05", "from")]
    [InlineData("service_id={service}&to=soon", "to")]
    public async Task What_is_nobodys_or_makes_no_sense_is_refused_by_name(string query, string parameter)
    {
        var (client, trade) = await ArrangeAsync();

        using var refused = await client.GetAsync(
            "/api/availability?" + query.Replace("{service}", trade.ServiceId, StringComparison.Ordinal), TestContext.Current.CancellationToken);
        using var nobodys = await client.GetAsync("/api/availability?service_id=svc_00000000000000000000000000", TestContext.Current.CancellationToken);

        await refused.ShouldBeInvalid(parameter);
        await nobodys.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    private async Task<(HttpClient Client, Trade Trade)> ArrangeAsync(int technicians = 1)
    {
        var tenant = await app.GivenATenant();
        return (app.ClientFor(tenant), await app.GivenATrade(tenant, technicians));
    }

    // Work ends before midnight in UTC, or after it on the same day there.
    private static string DayOf(JsonElement slot) =>
        slot.GetProperty("starts_at").GetDateTime().AddHours(-8).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
