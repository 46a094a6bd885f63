using KestrelVoice.LocalDapr.Tests.Harness;

namespace KestrelVoice.LocalDapr.Tests.Conformance;

/// <summary>Behaviours 5, 6 and 8: when an app is asked, when messages flow, and which topics it may touch.</summary>
public sealed class SubscriptionTests
{
    private const string HealthChecked =
        """
        enableAppHealthCheck: true
        appHealthCheckPath: /health
        appHealthProbeInterval: 1
        appHealthProbeTimeout: 1000
        appHealthThreshold: 1
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_app_is_asked_once_after_its_port_and_its_health_answer()
    {
        await using var run = new DaprRun().WithEnvironment("APP_API_TOKEN", "app-secret");
        await using var app = AppFor(run);
        app.HealthStatus = 503;
        await run.WithApp("host", app, HealthChecked).StartAsync();
        using var client = run.Client("host");
        await client.PublishEventAsync("pubsub", run.Topic("t"), "early", Cancel);

        await app.StartAsync();
        await Poll.Until(() => app.Probes >= 2, "two probes");
        app.Asked("/dapr/subscribe").ShouldBeEmpty();
        app.HealthStatus = 200;
        var received = await app.ShouldReceive("/t");

        received.Attribute("data").ShouldBe("early");
        var asked = app.Asked("/dapr/subscribe").ShouldHaveSingleItem();
        asked.Headers["dapr-api-token"].ShouldBe("app-secret");
        asked.Headers["dapr-app-id"].ShouldBe("host");
        app.Asked("/health").ShouldAllBe(probe => !probe.Headers.ContainsKey("dapr-api-token"));
    }

    [Fact]
    public async Task While_an_app_is_unhealthy_its_messages_wait()
    {
        await using var run = new DaprRun();
        await using var app = AppFor(run);
        await app.StartAsync();
        await run.WithApp("host", app, HealthChecked).StartAsync();
        using var client = run.Client("host");
        await client.PublishEventAsync("pubsub", run.Topic("t"), "before", Cancel);
        await app.ShouldReceive("/t");

        app.HealthStatus = 500;
        await Poll.Until(async () => await InvokeStatus(run) == 500, () => "calls to the unhealthy app to be refused");
        await client.PublishEventAsync("pubsub", run.Topic("t"), "during", Cancel);
        var probes = app.Probes;
        await Poll.Until(() => app.Probes > probes, "another probe");
        app.Asked("/t").Count.ShouldBe(1);
        app.HealthStatus = 200;
        await app.ShouldReceive("/t", 2);

        app.Asked("/t")[1].Attribute("data").ShouldBe("during");
        app.Asked("/dapr/subscribe").Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_attempt_cut_short_because_the_app_turned_unhealthy_does_not_use_up_the_message()
    {
        await using var run = new DaprRun().WithResiliency(
            """
            policies:
              retries:
                deliver: { policy: constant, duration: 60s, maxRetries: 1 }
            targets:
              components:
                pubsub: { inbound: { retry: deliver } }
            """);
        await using var app = AppFor(run);
        var failing = true;
        app.Answer = (request, context) =>
        {
            context.Response.StatusCode = failing && request.Path == "/t" ? 503 : 200;
            return Task.CompletedTask;
        };
        await app.StartAsync();
        await run.WithApp("host", app, HealthChecked).StartAsync();
        using var client = run.Client("host");

        await client.PublishEventAsync("pubsub", run.Topic("t"), "tough", Cancel);
        await app.ShouldReceive("/t");
        app.HealthStatus = 500;
        await Poll.Until(async () => await InvokeStatus(run) == 500, () => "the app to be unhealthy");
        failing = false;
        app.HealthStatus = 200;

        await app.ShouldReceive("/t", 2);
    }

    [Fact]
    public async Task An_app_that_answers_500_when_asked_gets_nothing_and_is_not_asked_again()
    {
        await using var run = new DaprRun();
        await using var broken = new TestApp { Subscriptions = Array.Empty<object>(), SubscribeStatus = 500 };
        await using var other = AppFor(run);
        await broken.StartAsync();
        await other.StartAsync();
        await run.WithApp("broken", broken).WithApp("other", other).StartAsync();
        using var client = run.Client("broken");

        await client.PublishEventAsync("pubsub", run.Topic("t"), 1, Cancel);
        await other.ShouldReceive("/t");

        broken.Asked("/dapr/subscribe").Count.ShouldBe(1);
        broken.Asked("/t").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_declared_subscription_delivers_and_the_apps_own_replaces_it()
    {
        await using var run = new DaprRun();
        run.WithFile("declared.yaml",
            $"""
            apiVersion: dapr.io/v2alpha1
            kind: Subscription
            metadata: {"{"} name: first {"}"}
            spec:
              pubsubname: pubsub
              topic: {run.Topic("declared")}
              routes:
                rules: [ {"{"} match: 'event.type == "special"', path: /special {"}"} ]
                default: /declared
            scopes: [ host ]
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Subscription
            metadata: {"{"} name: second {"}"}
            spec: {"{"} pubsubname: pubsub, topic: {run.Topic("t")}, route: /replaced {"}"}
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Subscription
            metadata: {"{"} name: third {"}"}
            spec: {"{"} pubsubname: pubsub, topic: {run.Topic("declared")}, route: /not-for-host {"}"}
            scopes: [ somebody-else ]
            """);
        await using var app = AppFor(run);
        await app.StartAsync();
        await run.WithApp("host", app).StartAsync();
        using var client = run.Client("host");

        await client.PublishEventAsync("pubsub", run.Topic("declared"), 1, new Dictionary<string, string> { ["cloudevent.type"] = "special" }, Cancel);
        await client.PublishEventAsync("pubsub", run.Topic("declared"), 2, Cancel);
        await client.PublishEventAsync("pubsub", run.Topic("t"), 3, Cancel);

        await app.ShouldReceive("/special");
        await app.ShouldReceive("/declared");
        await app.ShouldReceive("/t");
        app.Asked("/replaced").ShouldBeEmpty();
        app.Asked("/not-for-host").ShouldBeEmpty();
    }

    [Fact]
    public async Task Scopes_decide_who_publishes_and_who_subscribes()
    {
        await using var run = new DaprRun();
        run.WithPubSub(
            $"""
            - {"{"} name: publishingScopes, value: "host={run.Topic("dead")};voice={run.Topic("t")}" {"}"}
            - {"{"} name: subscriptionScopes, value: "host={run.Topic("t")};voice=" {"}"}
            - {"{"} name: allowedTopics, value: "{run.Topic("t")},{run.Topic("dead")}" {"}"}
            """);
        await using var host = AppFor(run);
        await using var voice = AppFor(run);
        await host.StartAsync();
        await voice.StartAsync();
        await run.WithApp("host", host).WithApp("voice", voice).WithApp("third").StartAsync();
        using var client = run.Client("voice");

        await client.PublishEventAsync("pubsub", run.Topic("t"), 1, Cancel);
        var refused = await Should.ThrowAsync<Dapr.DaprException>(() => client.PublishEventAsync("pubsub", run.Topic("dead"), 1, Cancel));
        using var forbidden = await run.Http("host").PostAsync($"/v1.0/publish/pubsub/{run.Topic("t")}", new StringContent("x"), Cancel);
        using var notAllowed = await run.Http("third").PostAsync($"/v1.0/publish/pubsub/{run.Topic("elsewhere")}", new StringContent("x"), Cancel);
        using var free = await run.Http("third").PostAsync($"/v1.0/publish/pubsub/{run.Topic("t")}", new StringContent("x"), Cancel);

        ((Grpc.Core.RpcException)refused.InnerException!).StatusCode.ShouldBe(Grpc.Core.StatusCode.PermissionDenied);
        ((int)forbidden.StatusCode).ShouldBe(403);
        (await forbidden.Content.ReadAsStringAsync(Cancel)).ShouldContain("ERR_PUBSUB_FORBIDDEN");
        ((int)notAllowed.StatusCode).ShouldBe(403);
        ((int)free.StatusCode).ShouldBe(204);
        await host.ShouldReceive("/t", 2);
        voice.Asked("/t").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_component_scoped_to_others_does_not_exist()
    {
        await using var run = new DaprRun();
        run.WithStateStore("private");
        run.WithFile("private.yaml", File.ReadAllText(Path.Combine(run.Components, "private.yaml")) + "\nscopes: [ host ]\n");
        await run.WithApp("host").WithApp("voice").StartAsync();

        using var host = await run.Http("host").GetAsync("/v1.0/state/private/key", Cancel);
        using var voice = await run.Http("voice").GetAsync("/v1.0/state/private/key", Cancel);

        ((int)host.StatusCode).ShouldBe(204);
        ((int)voice.StatusCode).ShouldBe(400);
    }

    private static TestApp AppFor(DaprRun run) => new()
    {
        Subscriptions = new[] { new { pubsubName = "pubsub", topic = run.Topic("t"), route = "t" } },
    };

    private static async Task<int> InvokeStatus(DaprRun run)
    {
        using var response = await run.Http("host").GetAsync("/v1.0/invoke/host/method/any", Cancel);
        return (int)response.StatusCode;
    }
}
