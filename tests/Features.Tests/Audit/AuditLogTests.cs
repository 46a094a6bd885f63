using System.Net;
using System.Net.Http.Json;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks;
using Npgsql;

namespace KestrelVoice.Features.Tests.Audit;

public sealed class AuditLogTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keys_members_and_webhooks_leave_a_trace_of_who_did_what_and_no_secret()
    {
        var tenant = await app.GivenATenant();
        var boss = await app.GivenAMember((tenant, "owner"));
        var viewer = await app.GivenAMember((tenant, "viewer"));
        using var owner = await app.SignedIn(boss);
        var key = await (await owner.PostAsJsonAsync("/api/api-keys", new { name = "Zapier", scopes = new[] { "write" } }, Stop)).ShouldAnswer(HttpStatusCode.Created);
        using var byKey = app.Stranger();
        byKey.DefaultRequestHeaders.Add("X-API-Key", key.GetProperty("key").GetString());
        var webhook = await byKey.GivenAnEndpoint($"{WebhookRequests.Nobody}/audit");
        await (await owner.PatchAsJsonAsync($"/api/members/{viewer.Id}", new { role = "member" }, Stop)).ShouldBe(HttpStatusCode.OK);
        await (await owner.DeleteAsync($"/api/members/{viewer.Id}", Stop)).ShouldBe(HttpStatusCode.NoContent);
        await (await owner.DeleteAsync($"/api/api-keys/{key.Id()}", Stop)).ShouldBe(HttpStatusCode.NoContent);

        var log = await owner.ReadAsync("/api/audit-log");

        log.Total().ShouldBe(5);
        log.Data().Select(item => (item.GetProperty("action").GetString(), item.GetProperty("target").GetString(), item.GetProperty("detail").GetString())).ShouldBe(
            [
                ("api_key.created", key.Id(), "live write"),
                ("webhook.created", webhook.Id(), null),
                ("member.changed", viewer.Id.ToString(), "viewer to member"),
                ("member.removed", viewer.Id.ToString(), "member"),
                ("api_key.revoked", key.Id(), null),
            ],
            ignoreOrder: true);
        var actors = log.Data().Select(item => item.GetProperty("actor")).ToList();
        actors.Count(actor => actor.GetProperty("id").GetString() == boss.Id.ToString() && actor.GetProperty("email").GetString() == boss.Email).ShouldBe(4);
        actors.Count(actor => actor.GetProperty("id").GetString() == key.Id() && actor.GetProperty("kind").GetString() == "api_key").ShouldBe(1);
        log.GetRawText().ShouldNotContain(key.GetProperty("key").GetString()!);
    }

    [Fact]
    public async Task What_was_refused_leaves_none()
    {
        var tenant = await app.GivenATenant();
        var boss = await app.GivenAMember((tenant, "owner"));
        using var owner = await app.SignedIn(boss);

        await (await owner.DeleteAsync($"/api/members/{boss.Id}", Stop)).ShouldBeProblem(HttpStatusCode.Conflict, "conflict");

        (await owner.ReadAsync("/api/audit-log")).Total().ShouldBe(0);
    }

    [Theory]
    [InlineData("update audit_log set action = 'nothing'")]
    [InlineData("delete from audit_log")]
    public async Task The_app_itself_cannot_change_what_was_written(string statement)
    {
        app.Stranger().Dispose();
        await using var source = NpgsqlDataSource.Create(app.Database.App);
        await using var command = source.CreateCommand(statement);

        (await Should.ThrowAsync<PostgresException>(() => command.ExecuteNonQueryAsync(Stop))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }
}
