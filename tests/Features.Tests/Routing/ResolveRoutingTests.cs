using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Appointments;

namespace KestrelVoice.Features.Tests.Routing;

public sealed class ResolveRoutingTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task A_number_answers_with_how_its_owner_wants_calls_treated()
    {
        await app.GivenATenant(name: "Somebody else");
        var tenant = await app.GivenATenant();

        using var response = await Ask(tenant.Number);

        await response.ShouldBe(HttpStatusCode.OK);
        var settings = await response.Content.ReadFromJsonAsync<RoutingSettings>(ContractJson.Options, TestContext.Current.CancellationToken);
        settings.ShouldNotBeNull();
        settings.ShouldBe(new RoutingSettings(
            tenant.Id, tenant.Name, "America/Los_Angeles", settings.OpeningHours, null, true, "+15035550110", "+15035550120", 20,
            settings.EmergencyPhrases, "en-US")
        { Services = settings.Services });
        settings.Services.ShouldBeEmpty();
        settings.OpeningHours.ShouldBe([new OpeningHours(DayOfWeek.Monday, new TimeOnly(8, 0), new TimeOnly(17, 0))]);
        settings.EmergencyPhrases.ShouldBe(["burst pipe"]);
    }

    [Fact]
    public async Task It_answers_with_what_callers_may_book()
    {
        var tenant = await app.GivenATenant();
        var trade = await app.GivenATrade(tenant);

        using var response = await Ask(tenant.Number);

        var settings = await response.Content.ReadFromJsonAsync<RoutingSettings>(ContractJson.Options, TestContext.Current.CancellationToken);
        settings!.Services.ShouldBe([new BookableService(TypeId.Parse(TypeId.Service, trade.ServiceId), "Drain cleaning")]);
    }

    [Theory]
    [InlineData("+15550000000")]
    [InlineData("anonymous")]
    public async Task A_number_that_nobody_owns_is_404(string number)
    {
        using var response = await Ask(number);

        await response.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    public async Task No_number_is_400(string number)
    {
        using var response = await Ask(number);

        await response.ShouldBeInvalid("phone_number");
    }

    private Task<HttpResponseMessage> Ask(string number) => app.PostAsSidecar(
        InternalRoutes.Routing, JsonSerializer.Serialize(new RoutingLookup(number), ContractJson.Options), "application/json");
}
