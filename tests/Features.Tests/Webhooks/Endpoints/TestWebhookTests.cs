using System.Net;
using System.Text.Json;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks.Delivery;

namespace KestrelVoice.Features.Tests.Webhooks.Endpoints;

public sealed class TestWebhookTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task A_test_looks_like_an_event_and_is_none()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.GivenAnEndpoint(receiver.Url, "call.missed");

        using var response = await client.SendAsync(HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/test", """{"event":"emergency.detected"}""");

        var test = await response.ShouldAnswerWith(HttpStatusCode.Accepted);
        test.Names().ShouldBe(["id", "event", "url"]);
        response.Headers.Location!.ToString().ShouldBe(test.Text("url"));
        await app.Until(client, endpoint, "delivered");
        var request = receiver.Received.ShouldHaveSingleItem();
        request.IsSignedWith(endpoint.Text("secret")).ShouldBeTrue();
        request.Headers["kestrel-test"].ShouldBe("true");
        request.Headers.ContainsKey("kestrel-sequence").ShouldBeFalse();
        request.Payload.Names().ShouldBe(["event", "timestamp", "id", "data"]);
        request.Payload.Text("event").ShouldBe("emergency.detected");
        request.Payload.Id().ShouldBe(request.Id);

        var message = await client.ReadAsync(test.Text("url"));
        message.GetProperty("test").GetBoolean().ShouldBeTrue();
        message.IsNull("sequence").ShouldBeTrue();
        JsonElement.DeepEquals(message.GetProperty("payload"), request.Payload).ShouldBeTrue();
        message.Attempts().ShouldHaveSingleItem().GetProperty("status").GetInt32().ShouldBe(200);
        (await client.ReadAsync("/api/events")).GetProperty("latest_sequence").GetInt64().ShouldBe(0);
    }

    [Fact]
    public async Task What_a_test_looks_like_is_the_endpoints_own_first_event_unless_said()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.GivenAnEndpoint(receiver.Url, "appointment.booked", "call.missed");

        foreach (var body in new[] { null, "{}" })
        {
            using var response = await client.SendAsync(HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/test", body);
            (await response.ShouldAnswerWith(HttpStatusCode.Accepted)).Text("event").ShouldBe("call.missed");
        }
    }

    [Fact]
    public async Task A_failed_test_is_not_repeated_and_held_against_nobody()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        await using var receiver = await WebhookReceiver.StartAsync(503);
        var endpoint = await client.GivenAnEndpoint(receiver.Url);

        using var response = await client.SendAsync(HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/test");

        await response.ShouldBe(HttpStatusCode.Accepted);
        await app.Until(client, endpoint, "failed");
        receiver.Received.Count.ShouldBe(1);
        (await client.ReadAsync("/api/webhooks/" + endpoint.Id())).IsNull("failing_since").ShouldBeTrue();
    }

    [Fact]
    public async Task A_paused_endpoint_can_be_tested()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await client.PostAsync($"/api/webhooks/{endpoint.Id()}/pause");

        using var response = await client.SendAsync(HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/test");

        await response.ShouldBe(HttpStatusCode.Accepted);
        await app.Until(client, endpoint, "delivered");
    }

    [Fact]
    public async Task A_hook_is_tested_with_its_own_event()
    {
        using var client = app.ClientFor(await app.GivenATenant());
        await using var receiver = await WebhookReceiver.StartAsync();
        var hook = await client.GivenAHook(receiver.Url, "appointment.booked");

        using var response = await client.SendAsync(HttpMethod.Post, $"/api/hooks/{hook.Id()}/test");

        var test = await response.ShouldAnswerWith(HttpStatusCode.Accepted);
        test.Text("url").ShouldStartWith($"/api/webhooks/{hook.Id()}/messages/msg_");
        await app.Until(client, hook, "delivered");
        receiver.Received.ShouldHaveSingleItem().Payload.Text("event").ShouldBe("appointment.booked");
        (await client.ReadAsync(test.Text("url"))).GetProperty("test").GetBoolean().ShouldBeTrue();
    }

    [Theory]
    [InlineData("/api/webhooks/we_00000000000000000000000000/test")]
    [InlineData("/api/hooks/hook_00000000000000000000000000/test")]
    public async Task What_is_not_there_is_404_and_who_may_not_is_403(string path)
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        using var staff = await app.SignedIn(await app.GivenAMember((tenant, "member")));
        using var reader = app.ClientFor(tenant, Principal.Read);

        using var nowhere = await client.SendAsync(HttpMethod.Post, path);
        await nowhere.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        foreach (var other in new[] { staff, reader })
        {
            using var refused = await other.SendAsync(HttpMethod.Post, path);
            await refused.ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
        }
    }

    [Theory]
    [InlineData("""{"event":"call.ended"}""", "event")]
    [InlineData("""{"event":7}""", "event")]
    [InlineData("""{"data":{}}""", "data")]
    public async Task A_bad_choice_is_400(string body, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());
        var endpoint = await client.GivenAnEndpoint();

        using var response = await client.SendAsync(HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/test", body);

        await response.ShouldBeInvalid(parameter);
    }
}
