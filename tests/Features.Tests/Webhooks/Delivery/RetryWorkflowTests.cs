using System.Text.Json;
using Dapr.Workflow;
using Grpc.Core;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Webhooks.Delivery;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Webhooks.Delivery;

/// <summary>The whole way: outbox, relay, broker, fan-out, first attempt, durable retries. Tests take turns, since they share a clock.</summary>
public sealed class RetryWorkflowTests(AppWithSidecar app) : IClassFixture<AppWithSidecar>
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    // The clock stands while an attempt is under way, but for the steps that were decided on just before. From due to made it moves as the machine is busy.
    private static readonly TimeSpan Steps = 10 * Step;
    private static int calls = 2_000_000;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nine_attempts_are_made_over_28_hours_each_at_its_time_and_all_of_them_are_in_the_log()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync(StatusCodes.Status500InternalServerError);
        var endpoint = await client.GivenAnEndpoint(receiver.Url);

        await CompleteACall(tenant);
        var due = new List<DateTimeOffset>();
        for (var made = 1; made < 9; made++)
            due.Add(await PassToTheNextAttempt(client, endpoint, made));
        await app.Until(client, endpoint, "failed", Step);

        var message = await client.MessageOf(endpoint);
        var attempts = message.Attempts();
        attempts.Select(attempt => attempt.GetProperty("number").GetInt32()).ShouldBe(Enumerable.Range(1, 9));
        attempts.ShouldAllBe(attempt => attempt.GetProperty("status").GetInt32() == 500 && !attempt.GetProperty("manual").GetBoolean());
        TimeSpan[] planned =
        [
            TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30),
            TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10), TimeSpan.FromHours(10),
        ];
        for (var made = 1; made < 9; made++)
        {
            var plan = planned[made - 1];
            (due[made - 1] - StartOf(attempts[made - 1])).ShouldBeInRange(plan * 0.8, plan * 1.2 + Steps);
            StartOf(attempts[made]).ShouldBeGreaterThanOrEqualTo(due[made - 1]);
        }
        receiver.Received.Count.ShouldBe(9);
        receiver.Received.Select(request => request.Id).Distinct().ShouldHaveSingleItem();
        receiver.Received.Select(request => Convert.ToHexString(request.Body)).Distinct().ShouldHaveSingleItem();
        receiver.Received.Select(request => request.Headers["webhook-timestamp"]).ShouldBeUnique();
        receiver.Received.ShouldAllBe(request => request.IsSignedWith(endpoint.Text("secret")));
        message.IsNull("next_attempt_at").ShouldBeTrue();
    }

    [Fact]
    public async Task A_receiver_that_comes_back_gets_it_by_the_next_retry_and_the_workflow_ends()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, number) =>
        {
            context.Response.StatusCode = number < 3 ? 503 : 200;
            return Task.CompletedTask;
        };
        var endpoint = await client.GivenAnEndpoint(receiver.Url);

        await CompleteACall(tenant);
        await PassToTheNextAttempt(client, endpoint, made: 1);
        await PassToTheNextAttempt(client, endpoint, made: 2);
        await app.Until(client, endpoint, "delivered", Step);

        receiver.Received.Count.ShouldBe(3);
        var id = TypeId.Parse(TypeId.WebhookMessage, (await client.MessageOf(endpoint)).Id());
        await app.Eventually(Step, async () => await StatusOf(id) == WorkflowRuntimeStatus.Completed, "an ended workflow");
    }

    [Fact]
    public async Task A_receiver_is_left_alone_as_long_as_it_asks()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, number) =>
        {
            context.Response.StatusCode = number == 1 ? 429 : 200;
            context.Response.Headers.RetryAfter = "600";
            return Task.CompletedTask;
        };
        var endpoint = await client.GivenAnEndpoint(receiver.Url);

        await CompleteACall(tenant);
        var due = await PassToTheNextAttempt(client, endpoint, made: 1);
        await app.Until(client, endpoint, "delivered", Step);

        var attempts = (await client.MessageOf(endpoint)).Attempts();
        var asked = TimeSpan.FromSeconds(600);
        (due - StartOf(attempts[0])).ShouldBeInRange(asked, asked + Steps);
        StartOf(attempts[1]).ShouldBeGreaterThanOrEqualTo(due);
    }

    [Fact]
    public async Task What_happens_while_the_sidecar_is_away_is_delivered_when_it_is_back()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await app.StopSidecarAsync();

        await CompleteACall(tenant);
        app.Clock.Advance(TimeSpan.FromSeconds(5));
        receiver.Received.ShouldBeEmpty();
        await app.StartSidecarAsync();
        await app.Until(client, endpoint, "delivered", Step);

        receiver.Received.ShouldHaveSingleItem().Payload.Text("event").ShouldBe("call.completed");
    }

    [Fact]
    public async Task Cancelling_ends_the_workflow()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync(StatusCodes.Status500InternalServerError);
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await CompleteACall(tenant);
        await app.Until(client, endpoint, "retrying", Step);
        var id = TypeId.Parse(TypeId.WebhookMessage, (await client.MessageOf(endpoint)).Id());
        await app.Eventually(async () => await StatusOf(id) is not null, "a workflow");

        (await app.Services.GetRequiredService<WebhookDispatch>().CancelAsync(tenant.Id, endpoint.Bare(), id, Stop)).ShouldBe(WebhookDispatch.Cancelled.Now);

        await app.Eventually(Step, async () => await StatusOf(id) == WorkflowRuntimeStatus.Terminated, "an ended workflow");
        app.Clock.Advance(TimeSpan.FromMinutes(1));
        (await client.MessageOf(endpoint)).State().ShouldBe("cancelled");
        receiver.Received.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_retry_that_finds_its_endpoint_paused_waits_for_it_to_be_resumed()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, number) =>
        {
            context.Response.StatusCode = number == 1 ? 500 : 200;
            return Task.CompletedTask;
        };
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await CompleteACall(tenant);
        await app.Until(client, endpoint, "retrying", Step);
        await client.PostAsync($"/api/webhooks/{endpoint.Id()}/pause");

        await app.Until(client, endpoint, "pending", Step);
        receiver.Received.Count.ShouldBe(1);
        await client.PostAsync($"/api/webhooks/{endpoint.Id()}/resume");
        await app.Until(client, endpoint, "delivered", Step);

        receiver.Received.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_step_that_is_repeated_attempts_nothing_twice()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answers = (context, number) =>
        {
            context.Response.StatusCode = number == 1 ? 500 : 200;
            return Task.CompletedTask;
        };
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        await CompleteACall(tenant);
        await PassToTheNextAttempt(client, endpoint, made: 1);
        await app.Until(client, endpoint, "delivered", Step);
        var id = TypeId.Parse(TypeId.WebhookMessage, (await client.MessageOf(endpoint)).Id());

        await using var scope = app.Services.CreateAsyncScope();
        var activity = ActivatorUtilities.CreateInstance<AttemptWebhookActivity>(scope.ServiceProvider);
        var again = await activity.RunAsync(null!, new RetryWebhookWorkflow.Input(tenant.Id, id, Schedule: 1, app.Clock.GetUtcNow().UtcDateTime));

        again.ShouldBe(new AttemptWebhookActivity.Outcome("delivered", null));
        receiver.Received.Count.ShouldBe(2);
    }

    private Task CompleteACall(TestTenant tenant)
    {
        var call = new PhoneCall(tenant, Interlocked.Increment(ref calls), app.Clock.GetUtcNow());
        return app.GivenACall(call.Says("My sink drips."), call.Ended());
    }

    /// <summary>Lets the time pass until the retry is due, and then as much as it takes.</summary>
    /// <returns>When it was due.</returns>
    private async Task<DateTimeOffset> PassToTheNextAttempt(HttpClient client, JsonElement endpoint, int made)
    {
        DateTimeOffset due = default;
        await app.Eventually(Step, async () =>
        {
            if ((await client.MessagesOf(endpoint)).Data() is not [var message] || message.State() != "retrying" || message.GetProperty("attempt_count").GetInt32() != made)
                return false;
            due = message.GetProperty("next_attempt_at").GetDateTimeOffset();
            return await StatusOf(TypeId.Parse(TypeId.WebhookMessage, message.Id())) is not null;
        }, $"{made} attempts and a workflow");
        if (due > app.Clock.GetUtcNow())
            app.Clock.Advance(due - app.Clock.GetUtcNow());
        await app.Eventually(
            Step, async () => (await client.MessagesOf(endpoint)).Data()[0].GetProperty("attempt_count").GetInt32() > made, $"attempt {made + 1}");
        return due;
    }

    private async Task<WorkflowRuntimeStatus?> StatusOf(Guid messageId)
    {
        try
        {
            var state = await app.Services.GetRequiredService<DaprWorkflowClient>()
                .GetWorkflowStateAsync(RetryWebhookWorkflow.InstanceOf(messageId, schedule: 1), getInputsAndOutputs: false, Stop);
            return state is { Exists: true } ? state.RuntimeStatus : null;
        }
        catch (RpcException away) when (away.StatusCode == StatusCode.Unavailable)
        {
            // Another test sent the sidecar away, and the channel has not found it again.
            return null;
        }
    }

    private static DateTimeOffset StartOf(JsonElement attempt) => attempt.GetProperty("started_at").GetDateTimeOffset();
}
