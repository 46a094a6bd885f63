using System.Net;
using System.Text.Json;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class GetMeTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_member_learns_who_they_are_and_where()
    {
        var tenant = await app.GivenATenant();
        var member = await app.GivenAMember((tenant, "owner"));
        using var client = await app.SignedIn(member);

        var me = await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);

        var tenantId = TypeId.Format(TypeId.Tenant, tenant.Id);
        JsonElement.DeepEquals(me, JsonDocument.Parse(
            $$"""
            {"kind":"member","id":"{{member.Id}}","email":"{{member.Email}}","role":"owner","key_name":null,"scopes":["read","write"],"mode":"live",
             "tenant":{"id":"{{tenantId}}","name":"{{tenant.Name}}","plan":"business","time_zone":"America/Los_Angeles"},
             "quota":{"requests_per_minute":1000000,"remaining":{{me.GetProperty("quota").GetProperty("remaining").GetInt32()}},"resets_in":60},
             "tenants":[{"id":"{{tenantId}}","name":"{{tenant.Name}}","role":"owner"}]}
            """).RootElement).ShouldBeTrue(me.GetRawText());
    }

    [Fact]
    public async Task A_key_learns_its_name_tenant_and_scopes()
    {
        var tenant = await app.GivenATenant();
        var key = await app.GivenAKey(tenant, "read");
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("X-API-Key", key.Text);

        var me = await (await client.GetAsync("/api/me", Stop)).ShouldAnswer(HttpStatusCode.OK);

        me.GetProperty("kind").GetString().ShouldBe("api_key");
        me.GetProperty("id").GetString().ShouldStartWith("key_");
        me.GetProperty("email").ValueKind.ShouldBe(JsonValueKind.Null);
        me.GetProperty("role").ValueKind.ShouldBe(JsonValueKind.Null);
        me.GetProperty("key_name").GetString().ShouldBe("Given");
        me.GetProperty("scopes").GetRawText().ShouldBe("""["read"]""");
        me.GetProperty("tenant").GetProperty("id").GetString().ShouldBe(TypeId.Format(TypeId.Tenant, tenant.Id));
        me.GetProperty("tenants").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task A_key_without_read_may_not_even_ask()
    {
        var key = await app.GivenAKey(await app.GivenATenant(), "write");
        using var client = app.Stranger();
        client.DefaultRequestHeaders.Add("X-API-Key", key.Text);

        await (await client.GetAsync("/api/me", Stop)).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task A_stranger_is_told_how_to_authenticate()
    {
        using var client = app.Stranger();

        var response = await client.GetAsync("/api/me", Stop);

        await response.ShouldBeProblem(HttpStatusCode.Unauthorized, "unauthorized");
        response.Headers.WwwAuthenticate.ToString().ShouldStartWith("Bearer");
    }
}
