namespace KestrelVoice.Features.Tests.Appointments;

public sealed class ListServicesTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task What_can_be_booked_is_listed_with_its_length_and_buffers()
    {
        var tenant = await app.GivenATenant();
        var trade = await app.GivenATrade(tenant);

        var service = (await app.ClientFor(tenant).ReadAsync("/api/services")).Data().ShouldHaveSingleItem();

        service.Id().ShouldBe(trade.ServiceId);
        service.GetProperty("name").GetString().ShouldBe("Drain cleaning");
        service.GetProperty("length_minutes").GetInt32().ShouldBe(60);
        service.GetProperty("buffer_before_minutes").GetInt32().ShouldBe(0);
        service.GetProperty("buffer_after_minutes").GetInt32().ShouldBe(0);
    }
}
