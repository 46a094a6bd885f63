using System.Net;
using System.Text.Json;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Delivery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Webhooks.Delivery;

/// <summary>From an event to the customer's server and back, without a sidecar: what is to be retried is found to be overdue.</summary>
public sealed class WebhookDeliveryTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static readonly TimeSpan TenSeconds = TimeSpan.FromSeconds(10);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_arrives_at_once_signed_and_byte_for_byte_as_it_was_stored()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, _) => context.Response.WriteAsync("got it", Stop);
        var endpoint = await client.CreateAsync("/api/webhooks", $$"""{"url":"{{receiver.Url}}","headers":{"X-Shop":"42"} }""");

        await app.GivenATold(tenant);
        await app.Until(client, endpoint, "delivered");

        var request = receiver.Received.ShouldHaveSingleItem();
        request.IsSignedWith(endpoint.Text("secret")).ShouldBeTrue();
        request.Body.ShouldBe(await app.Scalar<byte[]>("select payload from tenant_events where tenant_id = @Id", new { tenant.Id }));
        request.Payload.Id().ShouldBe(request.Id);
        request.Headers["content-type"].ShouldBe("application/json");
        request.Headers["kestrel-sequence"].ShouldBe("1");
        request.Headers["x-shop"].ShouldBe("42");
        request.Headers["user-agent"].ShouldStartWith("KestrelVoice/");
        request.Headers.Keys.ShouldNotContain("traceparent");
        var message = await client.MessageOf(endpoint);
        message.GetProperty("event_id").GetString().ShouldBe(request.Id);
        var attempt = message.Attempts().ShouldHaveSingleItem();
        attempt.GetProperty("number").GetInt32().ShouldBe(1);
        attempt.GetProperty("status").GetInt32().ShouldBe(200);
        attempt.GetProperty("response_body").GetString().ShouldBe("got it");
        (await client.ReadAsync($"/api/webhooks/{endpoint.Id()}")).GetProperty("last_success_at").GetDateTimeOffset().ShouldBe(app.Clock.GetUtcNow());
    }

    [Fact]
    public async Task However_often_an_event_is_delivered_to_us_each_endpoint_gets_it_once()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoints = new[] { await client.GivenAnEndpoint(receiver.Url), await client.GivenAnEndpoint(receiver.Url, "call.completed") };
        await client.GivenAnEndpoint(receiver.Url, "call.missed");

        await app.GivenATold(tenant, times: 3);
        foreach (var endpoint in endpoints)
            await app.Until(client, endpoint, "delivered");

        receiver.Received.Count.ShouldBe(2);
        receiver.Received.Select(request => request.Id).Distinct().ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData(StatusCodes.Status503ServiceUnavailable)]
    [InlineData(StatusCodes.Status429TooManyRequests)]
    public async Task What_may_go_better_later_is_tried_again_under_the_same_id_with_the_same_bytes(int status)
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, number) =>
        {
            context.Response.StatusCode = number < 3 ? status : 200;
            return Task.CompletedTask;
        };
        var endpoint = await client.GivenAnEndpoint(receiver.Url);

        await app.GivenATold(tenant);
        await app.Until(client, endpoint, "retrying");
        var waiting = await client.MessageOf(endpoint);
        var pause = waiting.GetProperty("next_attempt_at").GetDateTimeOffset() - waiting.Attempts()[0].GetProperty("started_at").GetDateTimeOffset();
        pause.ShouldBeInRange(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(6));
        waiting.GetProperty("last_status").GetInt32().ShouldBe(status);
        (await client.ReadAsync($"/api/webhooks/{endpoint.Id()}")).IsNull("failing_since").ShouldBeFalse();

        await app.Until(client, endpoint, "delivered", step: TenSeconds);

        receiver.Received.Count.ShouldBe(3);
        receiver.Received.Select(request => request.Id).Distinct().ShouldHaveSingleItem();
        receiver.Received.Select(request => Convert.ToHexString(request.Body)).Distinct().ShouldHaveSingleItem();
        receiver.Received.ShouldAllBe(request => request.IsSignedWith(endpoint.Text("secret")));
        receiver.Received.Select(request => request.Headers["webhook-timestamp"]).ShouldBeUnique();
        (await client.MessageOf(endpoint)).Attempts().Select(attempt => attempt.GetProperty("status").GetInt32()).ShouldBe([status, status, 200]);
        (await client.ReadAsync($"/api/webhooks/{endpoint.Id()}")).IsNull("failing_since").ShouldBeTrue();
    }

    [Fact]
    public async Task What_would_be_refused_again_is_not_tried_again()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync(StatusCodes.Status404NotFound);
        var endpoint = await client.GivenAnEndpoint(receiver.Url);

        await app.GivenATold(tenant);
        await app.Until(client, endpoint, "failed");

        receiver.Received.Count.ShouldBe(1);
        var message = await client.MessageOf(endpoint);
        message.GetProperty("last_status").GetInt32().ShouldBe(404);
        message.IsNull("next_attempt_at").ShouldBeTrue();
        message.IsNull("finished_at").ShouldBeFalse();
    }

    [Fact]
    public async Task An_answer_of_410_disables_the_endpoint_and_ends_what_waits_for_it()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, number) =>
        {
            context.Response.StatusCode = number == 1 ? 500 : 410;
            return Task.CompletedTask;
        };
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await app.GivenATold(tenant);
        await app.Until(client, endpoint, "retrying");

        await app.GivenATold(tenant);
        await app.Until(client, endpoint, "failed");
        await app.GivenATold(tenant);

        receiver.Received.Count.ShouldBe(2);
        (await client.MessagesOf(endpoint)).Data().Select(message => message.GetProperty("last_error").GetString())
            .ShouldBe([null, "endpoint_disabled"], ignoreOrder: true);
        var disabled = await client.ReadAsync($"/api/webhooks/{endpoint.Id()}");
        (disabled.Text("status"), disabled.Text("disabled_reason")).ShouldBe(("disabled", "gone"));
    }

    [Fact]
    public async Task A_hook_that_answers_410_is_gone()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync(StatusCodes.Status410Gone);
        await client.GivenAHook(receiver.Url);

        await app.GivenATold(tenant);

        await app.Eventually(async () => (await client.ReadAsync("/api/hooks")).Data().Count == 0, "no hook");
    }

    [Fact]
    public async Task A_slow_endpoint_delays_no_other_and_is_given_five_requests_at_once()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var slow = await WebhookReceiver.StartAsync();
        await using var healthy = await WebhookReceiver.StartAsync();
        var answers = new TaskCompletionSource();
        slow.Answers = (_, _) => answers.Task;
        var slowEndpoint = await client.GivenAnEndpoint(slow.Url);
        var healthyEndpoint = await client.GivenAnEndpoint(healthy.Url);

        for (var told = 0; told < 9; told++)
            await app.GivenATold(tenant);
        await app.UntilReceived(healthy, 9);
        await app.UntilReceived(slow, 5);

        slow.Received.Count.ShouldBe(5);
        await app.Until(client, healthyEndpoint, "delivered");
        answers.SetResult();
        await app.Until(client, slowEndpoint, "delivered");
        slow.MostUnderWay.ShouldBe(5);
        slow.Received.Select(request => request.Id).ShouldBeUnique();
        slow.Received.Count.ShouldBe(9);
    }

    [Fact]
    public async Task An_emergency_waits_behind_nothing()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var answers = new TaskCompletionSource();
        receiver.Answers = (context, _) => context.Request.Headers["kestrel-sequence"] == "13" ? Task.CompletedTask : answers.Task;
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        for (var told = 0; told < 12; told++)
            await app.GivenATold(tenant);
        await app.UntilReceived(receiver, 5);

        await app.GivenATold(tenant, "emergency.detected");
        await app.UntilReceived(receiver, 6);

        receiver.Received[^1].Payload.Text("event").ShouldBe("emergency.detected");
        answers.SetResult();
        await app.Until(client, endpoint, "delivered", step: TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task No_more_are_sent_in_a_second_than_the_endpoint_wants()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.CreateAsync("/api/webhooks", $$"""{"url":"{{receiver.Url}}","rate_limit":2}""");
        // Its pace is known once it was first looked at.
        await app.GivenATold(tenant);
        await app.Until(client, endpoint, "delivered");
        app.Clock.Advance(TimeSpan.FromSeconds(2));

        await app.GivenToldTogether(tenant, 5);
        var began = app.Clock.GetUtcNow();
        await app.Eventually(async () => (await client.MessagesOf(endpoint)).Data().Count(message => message.State() == "delivered") == 3, "two more");
        receiver.Received.Count.ShouldBe(3);

        await app.Until(client, endpoint, "delivered", step: TimeSpan.FromMilliseconds(100));
        receiver.Received.Count.ShouldBe(6);
        var times = (await client.MessagesOf(endpoint)).Data().Select(message => message.GetProperty("finished_at").GetDateTimeOffset()).Order().ToList();
        // Not how close they ended: the clock may move on between one's beginning and its end.
        times[3].ShouldBeGreaterThanOrEqualTo(began + TimeSpan.FromSeconds(1));
        times[5].ShouldBeGreaterThanOrEqualTo(began + TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task A_paused_endpoint_gets_what_it_missed_when_it_is_resumed()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await client.PostAsync($"/api/webhooks/{endpoint.Id()}/pause");
        await app.GivenATold(tenant);
        await app.GivenATold(tenant);
        app.Clock.Advance(TimeSpan.FromMinutes(1));
        receiver.Received.ShouldBeEmpty();

        await client.PostAsync($"/api/webhooks/{endpoint.Id()}/resume");
        await app.Until(client, endpoint, "delivered", step: TimeSpan.FromMilliseconds(100));

        receiver.Received.Count.ShouldBe(2);
    }

    [Fact]
    public async Task An_attempt_whose_maker_died_is_made_again_under_its_number_once_the_lease_is_over()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await client.PostAsync($"/api/webhooks/{endpoint.Id()}/pause");
        await app.GivenATold(tenant);
        await app.Execute(
            """
            update webhook_messages set leased_until = @LeasedUntil where tenant_id = @Id;
            insert into webhook_attempts (tenant_id, message_id, number, manual, started_at) select tenant_id, id, 1, false, @Now from webhook_messages where tenant_id = @Id;
            """,
            new { tenant.Id, LeasedUntil = app.Clock.GetUtcNow().AddSeconds(45).UtcDateTime, Now = app.Clock.GetUtcNow().UtcDateTime });
        await client.PostAsync($"/api/webhooks/{endpoint.Id()}/resume");
        (await client.MessageOf(endpoint)).Attempts().ShouldHaveSingleItem().IsNull("duration_ms").ShouldBeTrue();

        app.Clock.Advance(TimeSpan.FromSeconds(40));
        receiver.Received.ShouldBeEmpty();
        app.Clock.Advance(TimeSpan.FromSeconds(6));
        await app.Until(client, endpoint, "delivered", step: TimeSpan.FromSeconds(1));

        receiver.Received.Count.ShouldBe(1);
        (await client.MessageOf(endpoint)).Attempts().ShouldHaveSingleItem().GetProperty("number").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task A_receiver_that_hangs_costs_fifteen_seconds()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, _) => Task.Delay(Timeout.Infinite, context.RequestAborted);
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await app.GivenATold(tenant);
        await app.UntilReceived(receiver, 1);

        app.Clock.Advance(TimeSpan.FromSeconds(16));
        await app.Until(client, endpoint, "retrying");

        var attempt = (await client.MessageOf(endpoint)).Attempts()[0];
        attempt.Text("error").ShouldBe("timeout");
        attempt.GetProperty("duration_ms").GetInt32().ShouldBeGreaterThanOrEqualTo(15_000);
        await client.DeleteAsync($"/api/webhooks/{endpoint.Id()}", Stop);
    }

    [Fact]
    public async Task A_message_is_sent_again_when_somebody_asks_and_stays_delivered_if_that_fails()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, number) =>
        {
            context.Response.StatusCode = number == 2 ? 500 : 200;
            return Task.CompletedTask;
        };
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await app.GivenATold(tenant);
        await app.Until(client, endpoint, "delivered");
        var message = await client.MessageOf(endpoint);

        (await Dispatch.ResendAsync(tenant.Id, endpoint.Bare(), TypeId.Parse("msg", message.Id()), Stop)).ShouldBe(WebhookDispatch.Resent.Now);
        await app.Eventually(async () => (await client.MessageOf(endpoint)).Attempts() is [_, var second] && !second.IsNull("duration_ms"), "two attempts");

        var after = await client.MessageOf(endpoint);
        after.State().ShouldBe("delivered");
        after.Attempts()[1].GetProperty("manual").GetBoolean().ShouldBeTrue();
        after.Attempts()[1].GetProperty("status").GetInt32().ShouldBe(500);
        after.IsNull("next_attempt_at").ShouldBeTrue();
        (await client.ReadAsync($"/api/webhooks/{endpoint.Id()}")).IsNull("failing_since").ShouldBeTrue();
        (await Dispatch.ResendAsync(tenant.Id, endpoint.Bare(), Guid.Empty, Stop)).ShouldBe(WebhookDispatch.Resent.NoSuchMessage);
    }

    [Fact]
    public async Task All_that_failed_is_sent_again_at_once()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, number) =>
        {
            context.Response.StatusCode = number <= 3 ? 400 : 200;
            return Task.CompletedTask;
        };
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        for (var told = 0; told < 3; told++)
            await app.GivenATold(tenant);
        await app.Until(client, endpoint, "failed");

        (await Dispatch.ResendFailedAsync(tenant.Id, endpoint.Bare(), app.Clock.GetUtcNow().AddMinutes(1), null, 10_000, Stop)).ShouldBe(0);
        (await Dispatch.ResendFailedAsync(tenant.Id, endpoint.Bare(), app.Clock.GetUtcNow().AddHours(-1), null, 10_000, Stop)).ShouldBe(3);
        await app.Until(client, endpoint, "delivered", step: TimeSpan.FromMilliseconds(100));

        receiver.Received.Count.ShouldBe(6);
    }

    [Fact]
    public async Task A_cancelled_message_is_not_sent()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync(StatusCodes.Status500InternalServerError);
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await app.GivenATold(tenant);
        await app.Until(client, endpoint, "retrying");
        var id = TypeId.Parse("msg", (await client.MessageOf(endpoint)).Id());

        (await Dispatch.CancelAsync(tenant.Id, endpoint.Bare(), id, Stop)).ShouldBe(WebhookDispatch.Cancelled.Now);
        (await Dispatch.CancelAsync(tenant.Id, endpoint.Bare(), id, Stop)).ShouldBe(WebhookDispatch.Cancelled.Finished);
        (await Dispatch.CancelAsync(tenant.Id, endpoint.Bare(), Guid.Empty, Stop)).ShouldBe(WebhookDispatch.Cancelled.NoSuchMessage);
        app.Clock.Advance(TimeSpan.FromMinutes(10));

        (await client.MessageOf(endpoint)).State().ShouldBe("cancelled");
        receiver.Received.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(200, "delivered")]
    [InlineData(500, "failed")]
    public async Task A_test_is_sent_once_even_to_a_paused_endpoint_and_is_no_event(int status, string state)
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync(status);
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await client.PostAsync($"/api/webhooks/{endpoint.Id()}/pause");

        (await Dispatch.SendTestAsync(tenant.Id, endpoint.Bare(), "call.missed", new { call_id = "call_test" }, Stop)).ShouldNotBeNull();
        await app.Until(client, endpoint, state);

        var request = receiver.Received.ShouldHaveSingleItem();
        request.IsSignedWith(endpoint.Text("secret")).ShouldBeTrue();
        request.Payload.EnumerateObject().Select(member => member.Name).ShouldBe(["event", "timestamp", "id", "data"]);
        request.Payload.GetProperty("data").Text("call_id").ShouldBe("call_test");
        request.Headers.Keys.ShouldNotContain("kestrel-sequence");
        (await client.MessageOf(endpoint)).IsNull("sequence").ShouldBeTrue();
        (await client.ReadAsync("/api/events")).Data().ShouldBeEmpty();
        (await Dispatch.SendTestAsync(tenant.Id, Guid.Empty, "call.missed", new { }, Stop)).ShouldBeNull();
    }

    private WebhookDispatch Dispatch => app.Services.GetRequiredService<WebhookDispatch>();
}

file static class Posting
{
    public static async Task<JsonElement> CreateAsync(this HttpClient client, string path, string json)
    {
        using var response = await client.SendAsync(HttpMethod.Post, path, json);
        return await response.ShouldAnswerWith(HttpStatusCode.Created);
    }
}
