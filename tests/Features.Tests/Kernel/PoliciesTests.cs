using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Builder;

namespace KestrelVoice.Features.Tests.Kernel;

public sealed class PoliciesTests
{
    [Fact]
    public void A_route_that_nobody_decided_about_keeps_the_host_from_starting()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.MapGet("/decided", () => "").RequireAuthorization(Policies.Read);
        app.MapGet("/open", () => "").AllowAnonymous();
        app.RequirePoliciesEverywhere();
        app.MapGet("/forgotten", () => "");
        app.MapGet("/vague", () => "").RequireAuthorization();

        var refusal = Should.Throw<InvalidOperationException>(() => app.RequirePoliciesEverywhere());

        refusal.Message.ShouldContain("/forgotten");
        refusal.Message.ShouldContain("/vague");
        refusal.Message.ShouldNotContain("/decided");
    }
}
