using System.Net;
using Dapper;

namespace KestrelVoice.Features.Tests.Webhooks.Endpoints;

public sealed class RotateWebhookSecretTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task The_old_secret_lasts_a_day_unless_told_otherwise()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var created = await client.GivenAnEndpoint();
        var path = "/api/webhooks/" + created.Id();

        using var response = await client.SendAsync(HttpMethod.Post, path + "/rotate-secret");
        var rotated = await response.ShouldAnswerWith(HttpStatusCode.OK);

        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        rotated.Names().ShouldBe(["id", "secret", "old_secret_ends_at"]);
        rotated.Text("secret").ShouldNotBe(created.Text("secret"));
        rotated.GetProperty("old_secret_ends_at").GetDateTimeOffset().ShouldBe(app.Clock.GetUtcNow().AddDays(1));
        (await client.ReadAsync(path)).GetProperty("old_secret_ends_at").GetDateTimeOffset().ShouldBe(app.Clock.GetUtcNow().AddDays(1));
        app.Clock.Advance(TimeSpan.FromDays(1));
        (await client.ReadAsync(path)).IsNull("old_secret_ends_at").ShouldBeTrue();
    }

    [Fact]
    public async Task A_leaked_secret_ends_at_once_with_all_before_it()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var path = "/api/webhooks/" + (await client.GivenAnEndpoint()).Id();
        await client.PostAsync(path + "/rotate-secret", """{"expire_old_after_seconds":604800}""");

        await client.PostAsync(path + "/rotate-secret", """{"expire_old_after_seconds":0}""");

        (await client.ReadAsync(path)).IsNull("old_secret_ends_at").ShouldBeTrue();
        (await SecretsOf(tenant)).ShouldBe([null]);
    }

    [Fact]
    public async Task A_later_rotation_does_not_lengthen_what_an_earlier_one_cut_short()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var path = "/api/webhooks/" + (await client.GivenAnEndpoint()).Id();
        var now = app.Clock.GetUtcNow().UtcDateTime;

        await client.PostAsync(path + "/rotate-secret", """{"expire_old_after_seconds":60}""");
        await client.PostAsync(path + "/rotate-secret", """{"expire_old_after_seconds":3600}""");

        (await SecretsOf(tenant)).ShouldBe([now.AddSeconds(60), now.AddSeconds(3600), null]);
    }

    [Fact]
    public async Task The_customers_own_secret_is_taken()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var path = "/api/webhooks/" + (await client.GivenAnEndpoint()).Id();

        var rotated = await client.PostAsync(path + "/rotate-secret", """{"secret":"exactly twenty-four byte"}""");

        rotated.Text("secret").ShouldBe("whsec_ZXhhY3RseSB0d2VudHktZm91ciBieXRl");
    }

    [Fact]
    public async Task Whoever_rotates_at_once_one_secret_is_in_force()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var path = "/api/webhooks/" + (await client.GivenAnEndpoint()).Id();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => client.PostAsync(path + "/rotate-secret")));

        answers.Select(answer => answer.Text("secret")).Distinct().Count().ShouldBe(8);
        (await SecretsOf(tenant)).Count(ends => ends is null).ShouldBe(1);
    }

    [Fact]
    public async Task At_most_ten_sign()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var path = "/api/webhooks/" + (await client.GivenAnEndpoint()).Id() + "/rotate-secret";
        for (var i = 0; i < 9; i++)
            await client.PostAsync(path);

        using var eleventh = await client.SendAsync(HttpMethod.Post, path);

        await eleventh.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        await client.PostAsync(path, """{"expire_old_after_seconds":0}""");
    }

    [Theory]
    [InlineData("""{"expire_old_after_seconds":-1}""", "expire_old_after_seconds")]
    [InlineData("""{"expire_old_after_seconds":604801}""", "expire_old_after_seconds")]
    [InlineData("""{"expire_old_after_seconds":"60"}""", "expire_old_after_seconds")]
    [InlineData("""{"secret":"short"}""", "secret")]
    [InlineData("""{"expires":1}""", "expires")]
    public async Task A_bad_rotation_is_400_and_rotates_nothing(string body, string parameter)
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var path = "/api/webhooks/" + (await client.GivenAnEndpoint()).Id();

        using var response = await client.SendAsync(HttpMethod.Post, path + "/rotate-secret", body);

        await response.ShouldBeInvalid(parameter);
        (await SecretsOf(tenant)).ShouldHaveSingleItem();
    }

    private async Task<IReadOnlyList<DateTime?>> SecretsOf(TestTenant tenant)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        return [.. await connection.QueryAsync<DateTime?>(
            "select expires_at from webhook_secrets where tenant_id = @Id order by expires_at nulls last", new { tenant.Id })];
    }
}
