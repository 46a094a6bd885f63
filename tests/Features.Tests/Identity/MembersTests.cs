using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class MembersTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Somebody_new_is_let_in_signs_in_with_the_first_password_and_may_what_the_role_may()
    {
        var (tenant, owner) = await GivenAnOwner();
        using var added = await Add(owner, "Ann.Lee@Example.com", "viewer");
        var ann = await added.ShouldAnswer(HttpStatusCode.Created);
        added.Headers.CacheControl!.NoStore.ShouldBeTrue();
        ann.GetProperty("email").GetString().ShouldBe("ann.lee@example.com");

        var member = new Member(ann.GetProperty("id").GetGuid(), "ann.lee@example.com", ann.GetProperty("password").GetString()!);
        using var viewer = await app.SignedIn(member);
        var me = await viewer.ReadAsync("/api/me");

        me.GetProperty("role").GetString().ShouldBe("viewer");
        me.GetProperty("scopes").GetRawText().ShouldBe("""["read"]""");
        me.GetProperty("tenant").GetProperty("name").GetString().ShouldBe(tenant.Name);
        var list = await viewer.ReadAsync("/api/members");
        list.Total().ShouldBe(2);
        list.Data().Select(item => item.GetProperty("role").GetString()).ShouldBe(["viewer", "owner"], ignoreOrder: true);
        list.GetRawText().ShouldNotContain("password");
    }

    [Fact]
    public async Task Somebody_who_has_a_password_keeps_it_and_nobody_is_let_in_twice()
    {
        var (_, first) = await GivenAnOwner();
        var (_, second) = await GivenAnOwner();
        (await (await Add(first, "bo@example.com", "member")).ShouldAnswer(HttpStatusCode.Created)).GetProperty("password").GetString().ShouldNotBeNullOrEmpty();

        (await (await Add(second, "BO@example.com", "admin")).ShouldAnswer(HttpStatusCode.Created)).GetProperty("password").ValueKind.ShouldBe(JsonValueKind.Null);

        await (await Add(second, "bo@example.com", "viewer")).ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    [Fact]
    public async Task Another_role_and_a_removal_are_felt_within_a_second()
    {
        var (tenant, owner) = await GivenAnOwner();
        var member = await app.GivenAMember((tenant, "viewer"));
        using var client = await app.SignedIn(member);
        await (await client.GetAsync("/api/api-keys", Stop)).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");

        var changed = await (await Change(owner, member.Id, "admin")).ShouldAnswer(HttpStatusCode.OK);
        changed.GetProperty("role").GetString().ShouldBe("admin");
        changed.GetProperty("email").GetString().ShouldBe(member.Email);
        app.Clock.Advance(TimeSpan.FromSeconds(1));
        await (await client.GetAsync("/api/api-keys", Stop)).ShouldBe(HttpStatusCode.OK);

        (await owner.DeleteAsync($"/api/members/{member.Id}", Stop)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        app.Clock.Advance(TimeSpan.FromSeconds(1));
        // Whoever belongs nowhere is told so instead of being sent to sign in again.
        (await client.GetAsync("/api/me", Stop)).IsSuccessStatusCode.ShouldBeFalse();
        await (await owner.DeleteAsync($"/api/members/{member.Id}", Stop)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task Admins_decide_about_everybody_but_owners()
    {
        var (tenant, _) = await GivenAnOwner();
        var second = await app.GivenAMember((tenant, "owner"));
        var viewer = await app.GivenAMember((tenant, "viewer"));
        using var admin = await app.SignedIn(await app.GivenAMember((tenant, "admin")));

        await (await Change(admin, viewer.Id, "member")).ShouldBe(HttpStatusCode.OK);
        await (await Change(admin, viewer.Id, "owner")).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
        await (await Change(admin, second.Id, "viewer")).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
        await (await admin.DeleteAsync($"/api/members/{second.Id}", Stop)).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
        await (await Add(admin, "cy@example.com", "owner")).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task The_last_owner_stays_even_when_two_remove_each_other_at_once()
    {
        var tenant = await app.GivenATenant();
        var (one, other) = (await app.GivenAMember((tenant, "owner")), await app.GivenAMember((tenant, "owner")));
        using var byOne = await app.SignedIn(one);
        using var byOther = await app.SignedIn(other);

        var answers = await Task.WhenAll(byOne.DeleteAsync($"/api/members/{other.Id}", Stop), Change(byOther, one.Id, "viewer"));

        answers.Count(answer => answer.IsSuccessStatusCode).ShouldBe(1);
        var (left, id) = answers[0].IsSuccessStatusCode ? (byOne, one.Id) : (byOther, other.Id);
        await (await left.DeleteAsync($"/api/members/{id}", Stop)).ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        await (await Change(left, id, "admin")).ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
    }

    [Theory]
    [InlineData("""{"email":"nobody","role":"viewer"}""", "email")]
    [InlineData("""{"email":"a@b.example","role":"staff"}""", "role")]
    [InlineData("""{"email":"a@b.example"}""", "role")]
    [InlineData("""{"email":"a@b.example","role":"viewer","user_id":"0197f8a0-0000-7000-8000-000000000001"}""", "user_id")]
    public async Task What_cannot_be_meant_is_400(string body, string parameter)
    {
        var (_, owner) = await GivenAnOwner();
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        await (await owner.PostAsync("/api/members", content, Stop)).ShouldBeInvalid(parameter);
    }

    private async Task<(TestTenant Tenant, HttpClient Owner)> GivenAnOwner()
    {
        var tenant = await app.GivenATenant();
        return (tenant, await app.SignedIn(await app.GivenAMember((tenant, "owner"))));
    }

    private static Task<HttpResponseMessage> Add(HttpClient client, string email, string role) =>
        client.PostAsJsonAsync("/api/members", new { email, role }, Stop);

    private static Task<HttpResponseMessage> Change(HttpClient client, Guid id, string role) =>
        client.PatchAsJsonAsync($"/api/members/{id}", new { role }, Stop);
}
