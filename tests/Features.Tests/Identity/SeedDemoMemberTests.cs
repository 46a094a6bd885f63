using System.Net;
using KestrelVoice.Features.Demo;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class SeedDemoMemberTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Seeding_gives_a_member_and_a_key_and_seeding_again_replaces_both()
    {
        app.Settings["ConnectionStrings:Migrations"] = app.Database.Owner;
        app.Stranger().Dispose();
        var first = await DemoSeed.RunAsync(app.Services, withCalls: false, Stop);
        var session = await app.SignIn(new Member(default, first.Email, first.Password!));
        using var byToken = app.Bearing(session.AccessToken());
        using var byKey = app.Stranger();
        byKey.DefaultRequestHeaders.Add("X-API-Key", first.ApiKey);
        var owner = await (await byToken.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);
        var key = await (await byKey.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);
        owner.GetProperty("role").GetString().ShouldBe("owner");
        owner.GetProperty("tenant").GetProperty("id").GetString().ShouldBe(TypeId.Format(TypeId.Tenant, first.TenantId));
        key.GetProperty("scopes").GetRawText().ShouldBe("""["read","write"]""");

        var second = await DemoSeed.RunAsync(app.Services, withCalls: false, Stop);
        app.Clock.Advance(TimeSpan.FromSeconds(1));

        second.TenantId.ShouldBe(first.TenantId);
        second.Password.ShouldNotBe(first.Password);
        (await byToken.GetAsync("/api/me", Stop)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await byKey.GetAsync("/api/me", Stop)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        using var client = app.Stranger();
        (await client.Token("password", new { email = first.Email, password = first.Password })).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await app.SignIn(new Member(default, second.Email, second.Password!));
    }
}
