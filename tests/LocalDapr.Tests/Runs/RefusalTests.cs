using KestrelVoice.LocalDapr.Tests.Harness;

namespace KestrelVoice.LocalDapr.Tests.Runs;

/// <summary>What LocalDapr does not emulate it refuses at start, naming the file and the reason.</summary>
public sealed class RefusalTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static string Component(string type, string metadata = "[]", string more = "") =>
        $"apiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{ name: c }}\nspec:\n  type: {type}\n  version: v1\n{more}\n  metadata: {metadata}\n";

    public static TheoryData<string, string> Resources => new()
    {
        { Component("pubsub.mqtt3"), "type pubsub.mqtt3" },
        { Component("bindings.cron"), "type bindings.cron" },
        { Component("state.redis", "[ { name: primaryEncryptionKey, value: x } ]"), "primaryEncryptionKey" },
        { Component("state.redis", "[ { name: outboxPublishPubsub, value: x } ]"), "outboxPublishPubsub" },
        { Component("state.redis", "[ { name: keyPrefix, value: \"a||b\" } ]"), "keyPrefix" },
        { Component("state.redis", "[ { name: x, secretKeyRef: { name: a, key: b } } ]"), "auth.secretStore" },
        { Component("state.redis", "[ { name: x, envRef: DAPR_API_TOKEN } ]"), "DAPR_API_TOKEN" },
        { Component("pubsub.redis", "[ { name: maxLenApprox, value: many } ]"), "maxLenApprox" },
        { Component("pubsub.redis", "[ { name: streamTTL, value: long } ]"), "streamTTL" },
        { Component("secretstores.local.file", "[ { name: secretsFile, value: absent.json } ]"), "absent.json" },
        { Component("state.redis") + "---\n" + Component("state.redis"), "already defined" },
        { Component("state.redis", "[ { name: actorStateStore, value: \"true\" } ]"), "actorStateStore" },
        { "apiVersion: dapr.io/v1alpha1\nkind: HTTPEndpoint\nmetadata: { name: e }\nspec: {}\n", "kind HTTPEndpoint" },
        { "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: { name: s }\nspec: { pubsubname: pubsub, topic: t, routes: { rules: [ { match: 'event.data.x > 3', path: /a } ] } }\n", "event.data.x > 3" },
        { "apiVersion: dapr.io/v2alpha1\nkind: Subscription\nmetadata: { name: s }\nspec: { pubsubname: pubsub, topic: t, routes: { default: /a }, bulkSubscribe: { enabled: true } }\n", "bulkSubscribe" },
        { "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: { name: r }\nspec: { targets: { apps: { host: { retry: unknown } } } }\n", "'unknown'" },
        { "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: { name: r }\nspec: { policies: { retries: { x: { policy: sometimes } } } }\n", "sometimes" },
        { "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: { name: r }\nspec: { policies: { timeouts: { x: soon } } }\n", "soon" },
        { "apiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: { name: r }\nspec: { policies: { circuitBreakers: { x: { trip: 'size(requests) > 1' } } } }\n", "size(requests) > 1" },
        { Component("state.redis") + "---\napiVersion: dapr.io/v1alpha1\nkind: Resiliency\nmetadata: { name: r }\nspec: {}\n", "first document" },
        { "a: [", "not valid YAML" },
    };

    public static TheoryData<string, string> Configurations => new()
    {
        { "accessControl: { defaultAction: deny }", "accessControl" },
        { "accessControl: { defaultAction: allow, policies: [ { appId: voice } ] }", "accessControl" },
        { "httpPipeline: { handlers: [ { name: a, type: middleware.http.ratelimit } ] }", "httpPipeline" },
        { "appHttpPipeline: { handlers: [ { name: a, type: middleware.http.bearer } ] }", "appHttpPipeline" },
        { "api: { denied: [ { name: state, version: v1 } ] }", "spec.api" },
        { "tracing: { samplingRate: often }", "samplingRate" },
        { "workflow: { workflowConcurrencyLimits: [ { name: a, maxConcurrent: 1 } ] }", "workflowConcurrencyLimits" },
        { "workflow: { activityConcurrencyLimits: [ { name: a, maxConcurrent: 1 } ] }", "activityConcurrencyLimits" },
        { "workflow: { maxConcurrentWorkflowInvocations: -1 }", "maxConcurrentWorkflowInvocations" },
        { "workflow: { stateRetentionPolicy: { completed: soon } }", "soon" },
    };

    [Theory]
    [MemberData(nameof(Resources))]
    public async Task A_resource_beyond_the_emulation_is_refused(string resource, string reason)
    {
        await using var run = new DaprRun().WithFile("x.yaml", resource).WithApp("host");
        run.WriteRunFile();

        await ShouldBeRefusedAsync(run.Options, "x.yaml", reason);
    }

    [Theory]
    [MemberData(nameof(Configurations))]
    public async Task A_configuration_beyond_the_emulation_is_refused(string spec, string reason)
    {
        await using var run = new DaprRun();
        File.WriteAllText(Path.Combine(run.Folder, "config.yaml"), $"apiVersion: dapr.io/v1alpha1\nkind: Configuration\nmetadata: {{ name: c }}\nspec:\n  {spec}\n");
        run.WithApp("host", settings: "configFilePath: ./config.yaml").WriteRunFile();

        await ShouldBeRefusedAsync(run.Options, "config.yaml", reason);
    }

    [Theory]
    [InlineData("apps: [ { appDirPath: . } ]", "'version' is missing")]
    [InlineData("version: 1", "lists no app")]
    [InlineData("version: 1\napps: [ { appID: host } ]", "'appDirPath' is missing")]
    [InlineData("version: 1\napps: [ { appID: host, appDirPath: ./absent } ]", "does not exist")]
    [InlineData("version: 1\napps: [ { appID: host, appDirPath: ., appProtocol: grpc } ]", "appProtocol grpc")]
    [InlineData("version: 1\napps: [ { appID: host, appDirPath: ., unixDomainSocket: /tmp/x } ]", "unixDomainSocket")]
    [InlineData("version: 1\napps: [ { appID: host, appDirPath: ., appPort: many } ]", "'appPort' must be a whole number")]
    [InlineData("version: 1\napps: [ { appID: host, appDirPath: . }, { appID: host, appDirPath: . } ]", "two apps are called 'host'")]
    [InlineData("version: 1\napps: [ { appID: host, appDirPath: ., maxBodySize: huge } ]", "'maxBodySize'")]
    public async Task A_run_file_that_makes_no_sense_is_refused(string text, string reason)
    {
        await using var run = new DaprRun();
        File.WriteAllText(run.RunFile, text);

        await ShouldBeRefusedAsync(run.Options, "dapr.yaml", reason);
    }

    [Fact]
    public async Task A_component_that_may_fail_is_left_out_with_a_warning()
    {
        Assert.SkipWhen(DaprRun.IsReal, "What is beyond the emulation is LocalDapr's own.");
        await using var run = new DaprRun().WithFile("x.yaml", Component("pubsub.mqtt3", more: "  ignoreErrors: true")).WithApp("host");

        await run.StartAsync();

        run.Console.ShouldContain("warning");
        run.Console.ShouldContain("pubsub.mqtt3");
    }

    [Fact]
    public async Task A_rule_an_app_subscribes_with_that_cannot_be_read_ends_the_run()
    {
        await using var run = new DaprRun();
        await using var app = new TestApp
        {
            Subscriptions = new[] { new { pubsubname = "pubsub", topic = "t", routes = new { rules = new[] { new { match = "event.data.size() > 3", path = "/a" } } } } },
        };
        await app.StartAsync();
        run.WithApp("host", app).WriteRunFile();
        using var console = new StringWriter();

        var exitCode = await LocalDaprRun.RunAsync(run.Options, TextWriter.Synchronized(console), Cancel);

        exitCode.ShouldBe(LocalDaprRun.Failed);
        console.ToString().ShouldContain("event.data.size() > 3");
    }

    private static async Task ShouldBeRefusedAsync(LocalDaprOptions options, string file, string reason)
    {
        using var console = new StringWriter();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));

        var exitCode = await LocalDaprRun.RunAsync(options, console, deadline.Token);

        exitCode.ShouldBe(LocalDaprRun.Failed);
        console.ToString().ShouldContain(file);
        console.ToString().ShouldContain(reason);
    }
}
