using System.Net;
using System.Text.Json;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Events;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks.Delivery;

namespace KestrelVoice.Features.Tests.Webhooks.Messages;

public sealed class ControlMessagesTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const string Nowhere = "/api/webhooks/we_00000000000000000000000000";

    [Fact]
    public async Task A_message_that_failed_is_sent_once_more_with_the_same_id_and_bytes()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        var stored = await app.GivenAMessage(tenant, endpoint.Id(), "failed");

        using var response = await client.SendAsync(HttpMethod.Post, PathOf(endpoint, stored) + "/resend");

        await response.ShouldBe(HttpStatusCode.Accepted);
        response.Headers.Location!.ToString().ShouldBe(PathOf(endpoint, stored));
        await app.Until(client, endpoint, "delivered");
        var request = receiver.Received.ShouldHaveSingleItem();
        request.Id.ShouldBe(TypeId.Format(TypeId.Event, stored.Event.Id));
        request.Body.ShouldBe(stored.Event.Payload);
        var message = await client.MessageOf(endpoint);
        message.Attempts().Select(attempt => attempt.GetProperty("manual").GetBoolean()).ShouldBe([false, true]);
    }

    [Fact]
    public async Task What_failed_in_a_time_is_sent_once_more_and_nothing_else()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        var messages = new List<StoredMessage>();
        foreach (var state in new[] { "failed", "failed", "delivered", "failed", "cancelled", "failed" })
        {
            messages.Add(await app.GivenAMessage(tenant, endpoint.Id(), state));
            app.Clock.Advance(TimeSpan.FromMinutes(1));
        }
        var (since, until) = (app.Clock.GetUtcNow().AddMinutes(-5), app.Clock.GetUtcNow().AddMinutes(-1));

        using var response = await client.SendAsync(
            HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/resend-failed", $$"""{"since":"{{since:O}}","until":"{{until:O}}"}""");

        (await response.ShouldAnswerWith(HttpStatusCode.Accepted)).GetRawText().ShouldBe("""{"count":2}""");
        await app.UntilReceived(receiver, 2);
        receiver.Received.Select(request => request.Id).ShouldBe(
            new[] { messages[1], messages[3] }.Select(message => TypeId.Format(TypeId.Event, message.Event.Id)), ignoreOrder: true);
    }

    [Fact]
    public async Task Without_an_end_everything_that_failed_since_is_sent()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        for (var i = 0; i < 3; i++)
            await app.GivenAMessage(tenant, endpoint.Id(), "failed");

        using var response = await client.SendAsync(
            HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/resend-failed", $$"""{"since":"{{app.Clock.GetUtcNow():O}}"}""");

        (await response.ShouldAnswerWith(HttpStatusCode.Accepted)).GetProperty("count").GetInt32().ShouldBe(3);
        await app.Until(client, endpoint, "delivered");
    }

    [Fact]
    public async Task A_payload_that_is_no_longer_kept_cannot_be_sent()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var endpoint = await client.GivenAnEndpoint();
        var stored = await app.GivenAMessage(tenant, endpoint.Id(), "failed");
        await app.GivenPayloadsPastRetention(tenant);

        using var one = await client.SendAsync(HttpMethod.Post, PathOf(endpoint, stored) + "/resend");
        using var all = await client.SendAsync(HttpMethod.Post, $"/api/webhooks/{endpoint.Id()}/resend-failed", """{"since":"2026-01-01T00:00:00Z"}""");

        await one.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        (await all.ShouldAnswerWith(HttpStatusCode.Accepted)).GetProperty("count").GetInt32().ShouldBe(0);
    }

    [Fact]
    public async Task A_message_that_is_retried_can_be_cancelled_once()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var endpoint = await client.GivenAnEndpoint();
        var stored = await app.GivenAMessage(tenant, endpoint.Id(), "retrying");

        using var cancelled = await client.SendAsync(HttpMethod.Post, PathOf(endpoint, stored) + "/cancel");
        using var again = await client.SendAsync(HttpMethod.Post, PathOf(endpoint, stored) + "/cancel");

        await cancelled.ShouldBe(HttpStatusCode.NoContent);
        await again.ShouldBeProblem(HttpStatusCode.Conflict, "conflict");
        var message = await client.MessageOf(endpoint);
        message.State().ShouldBe("cancelled");
        message.IsNull("next_attempt_at").ShouldBeTrue();
    }

    [Theory]
    [InlineData("""{}""", "since")]
    [InlineData("""{"since":null}""", "since")]
    [InlineData("""{"since":"2026-03-01"}""", "since")]
    [InlineData("""{"since":"2026-03-01T00:00:00"}""", "since")]
    [InlineData("""{"since":1772323200}""", "since")]
    [InlineData("""{"since":"2026-03-01T00:00:00Z","until":"later"}""", "until")]
    [InlineData("""{"since":"2026-03-01T00:00:00Z","state":"failed"}""", "state")]
    public async Task A_bad_range_is_400(string body, string parameter)
    {
        using var client = app.ClientFor(await app.GivenATenant());

        using var response = await client.SendAsync(HttpMethod.Post, Nowhere + "/resend-failed", body);

        await response.ShouldBeInvalid(parameter);
    }

    public static TheoryData<string, string?> Routes => new()
    {
        { "/messages/msg_00000000000000000000000000/resend", null },
        { "/messages/msg_00000000000000000000000000/cancel", null },
        { "/resend-failed", """{"since":"2026-03-01T00:00:00Z"}""" },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task What_is_not_there_is_404_and_who_may_not_is_403(string rest, string? body)
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        using var staff = await app.SignedIn(await app.GivenAMember((tenant, "member")));
        using var reader = app.ClientFor(tenant, Principal.Read);

        using var nowhere = await client.SendAsync(HttpMethod.Post, Nowhere + rest, body);
        await nowhere.ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
        foreach (var other in new[] { staff, reader })
        {
            using var refused = await other.SendAsync(HttpMethod.Post, Nowhere + rest, body);
            await refused.ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");
        }
    }

    private static string PathOf(JsonElement endpoint, StoredMessage message) => $"/api/webhooks/{endpoint.Id()}/messages/{message.Id}";
}
