namespace KestrelVoice.Features.Tests.Appointments;

public sealed class ListAppointmentsTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Theory]
    [InlineData("", "0 1 2")]
    [InlineData("status=scheduled", "0 2")]
    [InlineData("status=cancelled", "1")]
    [InlineData("status=completed", "")]
    [InlineData("from_date=2026-03-06", "1 2")]
    [InlineData("to_date=2026-03-06", "0 1")]
    [InlineData("from_date=2026-03-06&to_date=2026-03-06", "1")]
    [InlineData("from_date=2026-03-06T18:00:00Z", "1 2")]
    [InlineData("from_date=2026-03-06T18:00:01Z", "2")]
    [InlineData("to_date=2026-03-06T18:00:00Z", "0")]
    [InlineData("status=scheduled&from_date=2026-03-06", "2")]
    public async Task They_are_filtered_by_status_and_by_the_day_on_which_they_begin(string query, string expected)
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var trade = await app.GivenATrade(tenant);
        var ids = new List<string>();
        foreach (var day in new[] { "05", "06", "07" })
        {
            using var booked = await client.Book(trade, $"2026-03-{day}T18:00:00Z");
            ids.Add(booked.Headers.Location!.ToString().Split('/')[^1]);
        }
        (await client.PostAsync($"/api/appointments/{ids[1]}/cancel", null, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();

        var list = await client.ReadAsync("/api/appointments?" + query);

        string.Join(' ', list.Data().Select(item => ids.IndexOf(item.Id())).Order()).ShouldBe(expected);
        list.Total().ShouldBe(list.Data().Count);
    }
}
