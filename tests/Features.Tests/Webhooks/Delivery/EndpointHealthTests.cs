using System.Text.Json;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Delivery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Webhooks.Delivery;

public sealed class EndpointHealthTests : IClassFixture<KestrelVoiceApp>
{
    private readonly KestrelVoiceApp app;

    public EndpointHealthTests(KestrelVoiceApp app)
    {
        this.app = app;
        // What is to be retried stays so while the days pass.
        app.Settings["Webhooks:RetrySchedule:0"] = "7.00:00:00";
    }

    [Fact]
    public async Task After_two_warnings_and_five_days_an_endpoint_is_disabled_and_what_waits_for_it_ends()
    {
        var (tenant, client, receiver, endpoint) = await GivenAnEndpointThatAnswers(500);
        using var _ = client;
        await using var __ = receiver;
        await FailAsync(tenant, client, endpoint, failures: 1);
        receiver.Answers = Answer(404);
        await HealthShouldBe(endpoint, 0);

        await FailAfter(TimeSpan.FromHours(23));
        await HealthShouldBe(endpoint, 0);
        await FailAfter(TimeSpan.FromHours(2));
        await HealthShouldBe(endpoint, 1);
        await FailAfter(TimeSpan.FromDays(1));
        await HealthShouldBe(endpoint, 1);
        await FailAfter(TimeSpan.FromDays(1));
        await HealthShouldBe(endpoint, 2);
        await FailAfter(TimeSpan.FromDays(1.5));
        await HealthShouldBe(endpoint, 2);
        await FailAfter(TimeSpan.FromHours(12));

        await app.Eventually(async () => (await Health(endpoint)).Status == "disabled", "a disabled endpoint");
        (await client.ReadAsync($"/api/webhooks/{endpoint.Id()}")).Text("disabled_reason").ShouldBe("failing");
        await app.Until(client, endpoint, "failed");
        (await client.MessagesOf(endpoint)).Data().Count(message => !message.IsNull("last_error") && message.Text("last_error") == "endpoint_disabled").ShouldBe(1);
        await app.GivenATold(tenant);
        (await client.MessagesOf(endpoint)).Data().Count.ShouldBe(7);

        async Task FailAfter(TimeSpan pause)
        {
            app.Clock.Advance(pause);
            await FailAsync(tenant, client, endpoint, (await client.MessagesOf(endpoint)).Data().Count + 1);
        }
    }

    [Fact]
    public async Task Where_nothing_was_sent_for_days_the_next_failure_warns_and_does_not_disable()
    {
        var (tenant, client, receiver, endpoint) = await GivenAnEndpointThatAnswers(404);
        using var _ = client;
        await using var __ = receiver;
        await FailAsync(tenant, client, endpoint, failures: 1);

        app.Clock.Advance(TimeSpan.FromDays(9));
        await FailAsync(tenant, client, endpoint, failures: 2);
        await HealthShouldBe(endpoint, 2);

        app.Clock.Advance(TimeSpan.FromDays(1));
        await FailAsync(tenant, client, endpoint, failures: 3);
        await app.Eventually(async () => (await Health(endpoint)).Status == "disabled", "a disabled endpoint");
    }

    [Fact]
    public async Task A_success_makes_good_for_everything()
    {
        var (tenant, client, receiver, endpoint) = await GivenAnEndpointThatAnswers(404);
        using var _ = client;
        await using var __ = receiver;
        await FailAsync(tenant, client, endpoint, failures: 1);
        app.Clock.Advance(TimeSpan.FromDays(4));
        await FailAsync(tenant, client, endpoint, failures: 2);
        await HealthShouldBe(endpoint, 2);

        receiver.Answers = Answer(200);
        await app.GivenATold(tenant);
        await HealthShouldBe(endpoint, 0);

        (await client.ReadAsync($"/api/webhooks/{endpoint.Id()}")).IsNull("failing_since").ShouldBeTrue();
    }

    [Fact]
    public async Task What_was_said_and_answered_is_forgotten_after_thirty_days_and_that_it_was_is_not()
    {
        var (tenant, client, receiver, endpoint) = await GivenAnEndpointThatAnswers(200);
        using var _ = client;
        await using var __ = receiver;
        receiver.Answers = (context, _) => context.Response.WriteAsync("got it", TestContext.Current.CancellationToken);
        var paused = await client.GivenAnEndpoint(receiver.Url);
        await client.PostAsync($"/api/webhooks/{paused.Id()}/pause");
        await app.GivenATold(tenant);
        await app.Until(client, endpoint, "delivered");
        (await client.MessageOf(endpoint)).IsNull("payload").ShouldBeFalse();

        app.Clock.Advance(TimeSpan.FromDays(30) + TimeSpan.FromHours(1));
        await app.Eventually(TimeSpan.FromSeconds(10), async () => (await client.MessageOf(endpoint)).Attempts()[0].IsNull("response_body"), "nothing said");

        var message = await client.MessageOf(endpoint);
        message.IsNull("payload").ShouldBeTrue();
        message.State().ShouldBe("delivered");
        message.Attempts()[0].GetProperty("status").GetInt32().ShouldBe(200);
        var told = (await client.ReadAsync("/api/events")).Data().ShouldHaveSingleItem();
        (told.GetProperty("sequence").GetInt64(), told.IsNull("data")).ShouldBe((1, true));
        var dispatch = app.Services.GetRequiredService<WebhookDispatch>();
        (await dispatch.ResendAsync(tenant.Id, endpoint.Bare(), TypeId.Parse("msg", message.Id()), TestContext.Current.CancellationToken))
            .ShouldBe(WebhookDispatch.Resent.PayloadExpired);

        await client.PostAsync($"/api/webhooks/{paused.Id()}/resume");
        await app.Until(client, paused, "failed", step: TimeSpan.FromMilliseconds(200));
        (await client.MessageOf(paused)).Text("last_error").ShouldBe("payload_expired");
        receiver.Received.Count.ShouldBe(1);
    }

    private async Task<(TestTenant Tenant, HttpClient Client, WebhookReceiver Receiver, JsonElement Endpoint)> GivenAnEndpointThatAnswers(int status)
    {
        var tenant = await app.GivenATenant();
        var client = app.ClientFor(tenant);
        var receiver = await WebhookReceiver.StartAsync(status);
        return (tenant, client, receiver, await client.GivenAnEndpoint(receiver.Url));
    }

    private static Func<HttpContext, int, Task> Answer(int status) => (context, _) =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    /// <summary>One more event, until what came of it has been written down.</summary>
    private async Task FailAsync(TestTenant tenant, HttpClient client, JsonElement endpoint, int failures)
    {
        await app.GivenATold(tenant);
        await app.Eventually(
            async () => (await client.MessagesOf(endpoint)).Data() is var messages && messages.Count == failures
                && messages.All(message => message.State() is "failed" or "retrying"),
            $"{failures} failures");
        // The endpoint is looked at after that.
        await app.Eventually(
            async () => await app.Scalar<DateTime>("select last_failure_at from webhook_endpoints where id = @Id", new { Id = endpoint.Bare() })
                == app.Clock.GetUtcNow().UtcDateTime,
            "a failure on record");
    }

    private Task HealthShouldBe(JsonElement endpoint, int warnings) =>
        app.Eventually(async () => await Health(endpoint) == ("active", warnings), $"an active endpoint with {warnings} warnings");

    private async Task<(string Status, int Warnings)> Health(JsonElement endpoint) => (
        await app.Scalar<string>("select status from webhook_endpoints where id = @Id", new { Id = endpoint.Bare() }),
        await app.Scalar<int>("select warnings from webhook_endpoints where id = @Id", new { Id = endpoint.Bare() }));
}
