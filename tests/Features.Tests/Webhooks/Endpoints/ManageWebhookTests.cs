using System.Net;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Webhooks.Endpoints;

public sealed class ManageWebhookTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string Nowhere = "/api/webhooks/we_00000000000000000000000000";

    [Fact]
    public async Task The_list_is_read_page_by_page_newest_first()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var created = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            created.Insert(0, (await client.GivenAnEndpoint()).Id());
            app.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        var read = new List<string>();
        var query = "?limit=2";
        for (var page = 0; page < 3; page++)
        {
            var list = await client.ReadAsync("/api/webhooks" + query);
            list.Total().ShouldBe(5);
            read.AddRange(list.Data().Select(item => item.Id()));
            query = "?limit=2&cursor=" + list.NextCursor();
        }

        read.ShouldBe(created);
        query.ShouldBe("?limit=2&cursor=");
        (await client.ReadAsync("/api/webhooks?offset=4")).Data().ShouldHaveSingleItem().Id().ShouldBe(created[^1]);
    }

    [Fact]
    public async Task What_is_named_changes_and_all_else_stays()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        using var made = await client.SendAsync(HttpMethod.Post, "/api/webhooks",
            $$$"""{"url":"{{{WebhookRequests.Nobody}}}","description":"before","headers":{"X-A":"1","X-B":"2"}}""");
        var created = await made.ShouldAnswerWith(HttpStatusCode.Created);
        app.Clock.Advance(TimeSpan.FromMinutes(1));

        var changed = await Change(client, created.Id(), """{"events":["call.missed"],"headers":{"x-a":null,"X-C":"3"},"rate_limit":1}""");

        changed.Names().ShouldBe(created.Names().Except(["secret"]));
        changed.Texts("events").ShouldBe(["call.missed"]);
        changed.Texts("header_names").ShouldBe(["X-B", "X-C"]);
        changed.GetProperty("rate_limit").GetInt32().ShouldBe(1);
        changed.Text("description").ShouldBe("before");
        changed.Text("url").ShouldBe(WebhookRequests.Nobody);
        changed.GetProperty("updated_at").GetDateTimeOffset().ShouldBe(app.Clock.GetUtcNow());
        changed.GetProperty("created_at").GetDateTimeOffset().ShouldBe(created.GetProperty("created_at").GetDateTimeOffset());
        JsonElement.DeepEquals(await client.ReadAsync("/api/webhooks/" + created.Id()), changed).ShouldBeTrue();
        (await Change(client, created.Id(), """{"description":""}""")).Text("description").ShouldBe("");
    }

    [Theory]
    [InlineData("""{"url":""}""", "url")]
    [InlineData("""{"url":"https://192.168.1.1/"}""", "url")]
    [InlineData("""{"events":[]}""", "events")]
    [InlineData("""{"headers":{"Host":null}}""", "headers")]
    [InlineData("""{"rate_limit":1000}""", "rate_limit")]
    [InlineData("""{"status":"active"}""", "status")]
    [InlineData("""{"secret":"it is changed by rotating it"}""", "secret")]
    public async Task A_bad_change_is_400(string body, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var created = await client.GivenAnEndpoint();

        using var response = await client.SendAsync(HttpMethod.Patch, "/api/webhooks/" + created.Id(), body);

        await response.ShouldBeInvalid(parameter);
    }

    [Fact]
    public async Task Changes_cannot_add_up_to_more_than_sixteen_headers()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var id = (await client.GivenAnEndpoint()).Id();
        var sixteen = Enumerable.Range(1, 16).ToDictionary(number => $"X-{number}", number => $"{number}");
        await Change(client, id, JsonSerializer.Serialize(new { headers = sixteen }));

        using var response = await client.SendAsync(HttpMethod.Patch, "/api/webhooks/" + id, """{"headers":{"X-17":"17"}}""");

        await response.ShouldBeInvalid("headers");
        (await Change(client, id, """{"headers":{"X-1":null,"X-17":"17"}}""")).Texts("header_names").Count().ShouldBe(16);
    }

    [Fact]
    public async Task Pausing_and_resuming_can_be_said_twice()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var path = "/api/webhooks/" + (await client.GivenAnEndpoint()).Id();

        (await client.PostAsync(path + "/resume")).Text("status").ShouldBe("active");
        app.Clock.Advance(TimeSpan.FromSeconds(1));
        var paused = await client.PostAsync(path + "/pause");
        paused.Text("status").ShouldBe("paused");
        app.Clock.Advance(TimeSpan.FromSeconds(1));
        JsonElement.DeepEquals(await client.PostAsync(path + "/pause"), paused).ShouldBeTrue();
        (await client.PostAsync(path + "/resume")).Text("status").ShouldBe("active");
    }

    [Fact]
    public async Task A_disabled_endpoint_says_why_and_is_resumed_rather_than_paused()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var path = "/api/webhooks/" + (await client.GivenAnEndpoint()).Id();
        await Set(tenant, "status = 'disabled', disabled_reason = 'failing', disabled_at = @Now, failing_since = @Now - interval '5 days'");

        var disabled = await client.ReadAsync(path);
        disabled.Text("disabled_reason").ShouldBe("failing");
        disabled.IsNull("warning").ShouldBeTrue();
        using var pause = await client.SendAsync(HttpMethod.Post, path + "/pause");
        await pause.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");

        var resumed = await client.PostAsync(path + "/resume");
        resumed.Text("status").ShouldBe("active");
        foreach (var gone in new[] { "disabled_reason", "disabled_at", "failing_since" })
            resumed.IsNull(gone).ShouldBeTrue(gone);
    }

    [Fact]
    public async Task An_endpoint_that_keeps_failing_says_what_comes()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var path = "/api/webhooks/" + (await client.GivenAnEndpoint()).Id();

        await Set(tenant, "failing_since = @Now - interval '23 hours'");
        (await client.ReadAsync(path)).IsNull("warning").ShouldBeTrue();
        await Set(tenant, "failing_since = timestamptz '2026-03-01T08:30:00Z', warnings = 1, warned_at = @Now");
        (await client.ReadAsync(path)).Text("warning").ShouldBe(
            "Nothing could be delivered since 2026-03-01T08:30:00Z. Unless something is, this endpoint will be disabled after 2026-03-06T08:30:00Z.");

        var moved = await Change(client, path.Split('/')[^1], $$"""{"url":"{{WebhookRequests.Nobody}}/elsewhere"}""");
        moved.IsNull("failing_since").ShouldBeTrue("what failed was another address");
    }

    [Fact]
    public async Task A_deleted_endpoint_is_gone()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var path = "/api/webhooks/" + (await client.GivenAnEndpoint()).Id();

        using var deleted = await client.SendAsync(HttpMethod.Delete, path);
        using var again = await client.SendAsync(HttpMethod.Delete, path);

        await deleted.ShouldBe(HttpStatusCode.NoContent);
        await again.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        (await client.ReadAsync("/api/webhooks")).Total().ShouldBe(0);
    }

    public static TheoryData<string, string, string?> Routes => new()
    {
        { "GET", "", null },
        { "PATCH", "", "{}" },
        { "DELETE", "", null },
        { "POST", "/rotate-secret", null },
        { "POST", "/pause", null },
        { "POST", "/resume", null },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task What_is_not_there_is_404_and_what_is_no_id_400(string method, string rest, string? body)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var nowhere = await client.SendAsync(new HttpMethod(method), Nowhere + rest, body);
        using var nonsense = await client.SendAsync(new HttpMethod(method), "/api/webhooks/nonsense" + rest, body);

        await nowhere.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        await nonsense.ShouldBeInvalid("id");
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Staff_only_look(string method, string rest, string? body)
    {
        var tenant = await app.GivenATenant();
        using var owner = await app.SignedIn(await app.GivenAMember((tenant, "owner")));
        using var staff = await app.SignedIn(await app.GivenAMember((tenant, "member")));
        using var reader = app.ClientFor(tenant, Principal.Read);
        var path = "/api/webhooks/" + (await owner.GivenAnEndpoint()).Id() + rest;

        foreach (var client in new[] { staff, reader })
        {
            using var response = await client.SendAsync(new HttpMethod(method), path, body);
            await (method == "GET" ? response.ShouldBe(HttpStatusCode.OK) : response.ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden"));
        }
    }

    private static async Task<JsonElement> Change(HttpClient client, string id, string json)
    {
        using var response = await client.SendAsync(HttpMethod.Patch, "/api/webhooks/" + id, json);
        return await response.ShouldAnswerWith(HttpStatusCode.OK);
    }

    private async Task Set(TestTenant tenant, string assignments)
    {
        await using var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(
            $"update webhook_endpoints set {assignments} where tenant_id = @Id", new { tenant.Id, Now = app.Clock.GetUtcNow().UtcDateTime });
    }
}
