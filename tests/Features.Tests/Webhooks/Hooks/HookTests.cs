using System.Net;
using System.Text.Json;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Identity;

namespace KestrelVoice.Features.Tests.Webhooks.Hooks;

public sealed class HookTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string Nobody = WebhookRequests.Nobody;

    [Fact]
    public async Task A_key_alone_subscribes_and_unsubscribes()
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var response = await Subscribe(client, "call.missed", Nobody);

        var hook = await response.ShouldAnswerWith(HttpStatusCode.Created);
        hook.Names().ShouldBe(["id", "event", "target_url", "created_at"]);
        hook.Id().ShouldStartWith("hook_");
        hook.Text("event").ShouldBe("call.missed");
        hook.Text("target_url").ShouldBe(Nobody);
        JsonElement.DeepEquals((await client.ReadAsync("/api/hooks")).Data().ShouldHaveSingleItem(), hook).ShouldBeTrue();
        (await client.ReadAsync("/api/webhooks")).Total().ShouldBe(0);

        foreach (var _ in new[] { "at first", "when it is gone already" })
        {
            using var deleted = await client.SendAsync(HttpMethod.Delete, "/api/hooks/" + hook.Id());
            await deleted.ShouldBe(HttpStatusCode.NoContent);
        }
        (await client.ReadAsync("/api/hooks")).Total().ShouldBe(0);
    }

    [Fact]
    public async Task The_same_subscription_has_the_same_id_whoever_comes_at_once()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        using var otherKey = app.ClientFor(tenant);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Subscribe(client, "call.completed", Nobody)));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.Created).ShouldBe(1);
        answers.Count(answer => answer.StatusCode == HttpStatusCode.OK).ShouldBe(7);
        var bodies = await Task.WhenAll(answers.Select(answer => answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)));
        bodies.Distinct().ShouldHaveSingleItem();
        foreach (var (key, type, url) in new[] { (client, "call.missed", Nobody), (client, "call.completed", Nobody + "/2"), (otherKey, "call.completed", Nobody) })
        {
            using var another = await Subscribe(key, type, url);
            await another.ShouldBe(HttpStatusCode.Created);
        }
        (await client.ReadAsync("/api/hooks")).Total().ShouldBe(4);
    }

    [Fact]
    public async Task A_tenant_has_at_most_a_hundred()
    {
        using var client = app.ClientFor(await app.GivenATenant());

        var answers = await Task.WhenAll(Enumerable.Range(0, 104).Select(number => Subscribe(client, "call.completed", $"{Nobody}/{number}")));

        answers.Count(answer => answer.StatusCode == HttpStatusCode.Created).ShouldBe(100);
        foreach (var refused in answers.Where(answer => answer.StatusCode != HttpStatusCode.Created))
            await refused.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        var page = await client.ReadAsync("/api/hooks?limit=100");
        page.Total().ShouldBe(100);
        using var again = await Subscribe(client, "call.completed", page.Data()[0].Text("target_url"));
        await again.ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("""{"event":"call.completed"}""", "target_url")]
    [InlineData("""{"event":"call.completed","target_url":""}""", "target_url")]
    [InlineData("""{"event":"call.completed","target_url":"https://[fd00:ec2::254]/"}""", "target_url")]
    [InlineData("""{"event":"call.ended","target_url":"{nobody}"}""", "event")]
    [InlineData("""{"event":null,"target_url":"{nobody}"}""", "event")]
    [InlineData("""{"event":["call.completed"],"target_url":"{nobody}"}""", "event")]
    [InlineData("""{"event":"call.completed","target_url":"{nobody}","secret":"x"}""", "secret")]
    public async Task A_bad_subscription_is_400(string body, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var response = await client.SendAsync(HttpMethod.Post, "/api/hooks", body.Replace("{nobody}", Nobody, StringComparison.Ordinal));

        await response.ShouldBeInvalid(parameter);
    }

    [Fact]
    public async Task Staff_and_keys_that_only_read_do_not_subscribe()
    {
        var tenant = await app.GivenATenant();
        using var manager = app.ClientFor(tenant);
        var hook = (await manager.GivenAHook()).Id();
        using var staff = await app.SignedIn(await app.GivenAMember((tenant, "member")));
        using var reader = app.ClientFor(tenant, Principal.Read);

        foreach (var client in new[] { staff, reader })
        {
            using var subscribed = await Subscribe(client, "call.missed", Nobody);
            await subscribed.ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
            using var deleted = await client.SendAsync(HttpMethod.Delete, "/api/hooks/" + hook);
            await deleted.ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
            (await client.ReadAsync("/api/hooks")).Total().ShouldBe(1);
        }
    }

    [Fact]
    public async Task A_hook_is_no_endpoint_and_an_endpoint_no_hook()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var hook = TypeId.Parse(TypeId.Hook, (await client.GivenAHook()).Id());
        var endpoint = TypeId.Parse(TypeId.WebhookEndpoint, (await client.GivenAnEndpoint()).Id());

        using var asEndpoint = await client.SendAsync(HttpMethod.Delete, $"/api/webhooks/{hook}");
        using var asHook = await client.SendAsync(HttpMethod.Delete, $"/api/hooks/{endpoint}");

        await asEndpoint.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        await asHook.ShouldBe(HttpStatusCode.NoContent);
        (await client.ReadAsync("/api/hooks")).Total().ShouldBe(1);
        (await client.ReadAsync("/api/webhooks")).Total().ShouldBe(1);
    }

    private static Task<HttpResponseMessage> Subscribe(HttpClient client, string type, string targetUrl) =>
        client.SendAsync(HttpMethod.Post, "/api/hooks", JsonSerializer.Serialize(new { @event = type, target_url = targetUrl }));
}
