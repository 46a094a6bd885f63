using System.Net;
using KestrelVoice.Features.Demo;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Demo;

public sealed class DemoSeedTests : IClassFixture<KestrelVoiceApp>
{
    private readonly KestrelVoiceApp app;

    public DemoSeedTests(KestrelVoiceApp app)
    {
        this.app = app;
        app.Settings["ConnectionStrings:Migrations"] = app.Database.Owner;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Seeding_again_keeps_the_business_and_its_calls_and_changes_the_secrets()
    {
        app.StartServer();

        var first = await DemoSeed.RunAsync(app.Services, withCalls: true, Token);
        var before = await (ByKey(first.ApiKey)).ReadAsync("/api/call-logs");
        var second = await DemoSeed.RunAsync(app.Services, withCalls: true, Token);
        var after = await (ByKey(second.ApiKey)).ReadAsync("/api/call-logs");

        second.TenantId.ShouldBe(first.TenantId);
        second.ApiKey.ShouldNotBe(first.ApiKey);
        second.Password.ShouldNotBe(first.Password);
        (before.Total(), after.Total()).ShouldBe((before.Total(), before.Total()));
        before.Total().ShouldBeGreaterThan(100);
        (await app.Stranger().Token("password", new { email = second.Email, password = second.Password })).StatusCode.ShouldBe(HttpStatusCode.OK);
        (await app.Stranger().Token("password", new { email = first.Email, password = first.Password })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task The_demo_can_be_booked_every_day_with_either_technician()
    {
        app.StartServer();
        await DemoSeed.RunAsync(app.Services, withCalls: false, Token);
        using var client = ByKey((await DemoSeed.RunAsync(app.Services, withCalls: false, Token)).ApiKey);

        var services = (await client.ReadAsync("/api/services")).Data();
        var slots = (await client.ReadAsync($"/api/availability?service_id={services[0].Id()}&from=2026-03-05T00:00:00Z&to=2026-03-12T00:00:00Z")).Data();

        services.Select(service => service.GetProperty("name").GetString()).ShouldBe(["Plumbing repair", "Water heater service"]);
        slots.Select(slot => slot.GetProperty("starts_at").GetString()![..10]).Distinct().Count().ShouldBe(7);
        slots.Select(slot => slot.GetProperty("resource_id").GetString()).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public void The_same_four_weeks_bring_the_same_calls_with_every_kind_of_end()
    {
        var tenant = Guid.Empty;

        var events = DemoCalls.Until(KestrelVoiceApp.Noon, tenant, "+15035550100").ToList();
        var again = DemoCalls.Until(KestrelVoiceApp.Noon.AddHours(3), tenant, "+15035550100").ToList();

        again.ShouldBe(events);
        events.Select(callEvent => callEvent.EventId).ShouldBeUnique();
        events.GroupBy(callEvent => callEvent.Call.CallSid)
            .Select(call => KestrelVoice.Features.Calls.CallOutcomes.Decide(KestrelVoice.Features.Calls.CallFacts.From(call)).Outcome)
            .Distinct().Count().ShouldBeGreaterThanOrEqualTo(5);
    }

    private HttpClient ByKey(string key)
    {
        var client = app.Stranger();
        client.DefaultRequestHeaders.Add("X-API-Key", key);
        return client;
    }
}
