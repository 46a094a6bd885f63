using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Routing;
using MediatR;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Routing;

public sealed class ChangePlanTests : IClassFixture<KestrelVoiceApp>
{
    private readonly KestrelVoiceApp app;

    public ChangePlanTests(KestrelVoiceApp app)
    {
        this.app = app;
        app.Settings["ConnectionStrings:Migrations"] = app.Database.Owner;
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_tenant_is_put_on_another_plan_by_id_or_number_and_its_keys_feel_it_within_a_second()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        (await client.ReadAsync("/api/me")).GetProperty("tenant").GetProperty("plan").GetString().ShouldBe("business");

        (await SendAsync(tenant.Number, "business_plus")).ShouldBe(
            new ChangePlan.Response(TypeId.Format(TypeId.Tenant, tenant.Id), tenant.Name, "business_plus"));
        app.Clock.Advance(TimeSpan.FromSeconds(1));

        using var answer = await client.GetAsync("/api/me", Stop);
        answer.Headers.GetValues("RateLimit-Policy").Single().ShouldStartWith("\"business_plus\";");
        (await SendAsync(tenant.Id.ToString(), plan: null))!.Plan.ShouldBe("business_plus");
    }

    [Fact]
    public async Task Who_does_not_exist_has_no_plan()
    {
        (await SendAsync("+15550000000", "personal")).ShouldBeNull();
        (await SendAsync(Guid.Empty.ToString(), plan: null)).ShouldBeNull();
    }

    [Theory]
    [InlineData("Maple Street", "business")]
    [InlineData("+15035550100", "Business Plus")]
    [InlineData("+15035550100", "")]
    public async Task What_cannot_be_meant_is_refused(string tenant, string plan) =>
        await Should.ThrowAsync<ValidationException>(() => SendAsync(tenant, plan));

    private async Task<ChangePlan.Response?> SendAsync(string tenant, string? plan)
    {
        app.Stranger().Dispose();
        await using var scope = app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<IMediator>().Send(new ChangePlan.Command(tenant, plan), Stop);
    }
}
