using System.Globalization;
using System.Text;
using System.Text.Json;

namespace KestrelVoice.LocalDapr.Tests.Harness;

/// <summary>
/// Sidecars for apps that live in the test: by LocalDapr in this process, or by <c>dapr run -f</c> when
/// <c>KESTREL_CONFORMANCE_DAPR</c> names the Dapr CLI. Everything in it enters over the wire.
/// </summary>
internal sealed class DaprRun : IAsyncDisposable
{
    private const string DefaultRedis = "localhost:6379";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kestrel-dapr-");
    private readonly List<AppEntry> _apps = [];
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal) { ["HOME"] = "/nonexistent", ["USERPROFILE"] = "/nonexistent" };
    private readonly StringWriter _console = new();
    private LocalDaprHost? _host;
    private DaprCli? _cli;

    private sealed record AppEntry(string AppId, int AppPort, int HttpPort, int GrpcPort, string Settings);

    public DaprRun()
    {
        Directory.CreateDirectory(Components);
        // One broker may serve many tests, so names carry the test's own mark.
        Mark = Path.GetFileName(_folder.FullName)["kestrel-dapr-".Length..].ToLowerInvariant();
        WithPubSub();
        WithStateStore("statestore", "- { name: actorStateStore, value: \"true\" }");
    }

    /// <summary>True when a real daprd is under test, which can be neither paused in time nor looked into.</summary>
    public static bool IsReal => Environment.GetEnvironmentVariable("KESTREL_CONFORMANCE_DAPR") is { Length: > 0 };

    public string Mark { get; }

    public string Folder => _folder.FullName;

    public string Components => Path.Combine(Folder, "components");

    public string StateFile => Path.Combine(Folder, "dapr.db");

    public string RunFile => Path.Combine(Folder, "dapr.yaml");

    public string Console => _console.ToString();

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>A topic of this test alone.</summary>
    public string Topic(string name) => $"{name}.{Mark}";

    public DaprRun WithPubSub(string metadata = "") => WithFile("pubsub.yaml",
        $"""
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {"{"} name: pubsub {"}"}
        spec:
          type: pubsub.redis
          version: v1
          metadata:
            - {"{"} name: redisHost, value: "{Redis}" {"}"}
            - {"{"} name: redisPassword, value: "" {"}"}
        {Indented(metadata, 4)}
        """);

    public DaprRun WithStateStore(string name, string metadata = "") => WithFile(name + ".yaml",
        $"""
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {"{"} name: {name} {"}"}
        spec:
          type: state.redis
          version: v1
          metadata:
            - {"{"} name: redisHost, value: "{Redis}" {"}"}
            - {"{"} name: redisPassword, value: "" {"}"}
        {Indented(metadata, 4)}
        """);

    public DaprRun WithResiliency(string spec) => WithFile("resiliency.yaml",
        $"""
        apiVersion: dapr.io/v1alpha1
        kind: Resiliency
        metadata: {"{"} name: resiliency {"}"}
        spec:
        {Indented(spec, 2)}
        """);

    public DaprRun WithFile(string name, string content)
    {
        File.WriteAllText(Path.Combine(Components, name), content);
        return this;
    }

    public DaprRun WithEnvironment(string name, string value)
    {
        _environment[name] = value;
        return this;
    }

    /// <param name="settings">Further lines of the app's entry in the run file.</param>
    public DaprRun WithApp(string appId, TestApp? app = null, string settings = "")
    {
        _apps.Add(new AppEntry(appId, app?.Port ?? 0, Ports.Take(), Ports.Take(), settings));
        return this;
    }

    public int HttpPort(string appId) => _apps.Single(app => app.AppId == appId).HttpPort;

    public int GrpcPort(string appId) => _apps.Single(app => app.AppId == appId).GrpcPort;

    public async Task<DaprRun> StartAsync()
    {
        WriteRunFile();
        if (IsReal)
            _cli = DaprCli.Start(Environment.GetEnvironmentVariable("KESTREL_CONFORMANCE_DAPR")!, RunFile, _environment);
        else
            _host = await LocalDaprHost.StartAsync(Options, TextWriter.Synchronized(_console), TestContext.Current.CancellationToken);
        foreach (var app in _apps)
            await WaitForAsync(app);
        return this;
    }

    public LocalDaprOptions Options => new(RunFile, StateFile)
    {
        Clock = Clock,
        Environment = _environment,
        LogDirectory = Path.Combine(Folder, "logs"),
        DrainTimeout = TimeSpan.FromSeconds(5),
        AppStopTimeout = TimeSpan.FromSeconds(5),
    };

    public void WriteRunFile()
    {
        var text = new StringBuilder().AppendLine(CultureInfo.InvariantCulture,
            $"""
            version: 1
            common:
              resourcesPaths: [./components]
              apiListenAddresses: 127.0.0.1
              placementHostAddress: ""
              schedulerHostAddress: ""
            apps:
            """);
        foreach (var app in _apps)
        {
            text.AppendLine(CultureInfo.InvariantCulture,
                $"""
                  - appID: {app.AppId}
                    appDirPath: .
                    daprHTTPPort: {app.HttpPort}
                    daprGRPCPort: {app.GrpcPort}
                {(app.AppPort > 0 ? $"    appPort: {app.AppPort}" : "")}
                {Indented(app.Settings, 4)}
                """);
        }
        File.WriteAllText(RunFile, text.ToString());
    }

    public async Task StopAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        if (_cli is not null)
            await _cli.DisposeAsync();
        (_host, _cli) = (null, null);
    }

    public HttpClient Http(string appId, string? token = null)
    {
        var client = new HttpClient { BaseAddress = new Uri($"http://localhost:{HttpPort(appId)}") };
        if (token is not null)
            client.DefaultRequestHeaders.Add("dapr-api-token", token);
        return client;
    }

    public Dapr.Client.DaprClient Client(string appId, string? token = null)
    {
        var builder = new Dapr.Client.DaprClientBuilder()
            .UseHttpEndpoint($"http://localhost:{HttpPort(appId)}")
            .UseGrpcEndpoint($"http://localhost:{GrpcPort(appId)}")
            .UseJsonSerializationOptions(new JsonSerializerOptions(JsonSerializerDefaults.Web));
        return (token is null ? builder : builder.UseDaprApiToken(token)).Build();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }

    private static string Redis => Environment.GetEnvironmentVariable("KESTREL_CONFORMANCE_REDIS") is { Length: > 0 } redis ? redis : DefaultRedis;

    private static async Task WaitForAsync(AppEntry app)
    {
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{app.HttpPort}") };
        await Poll.Until(
            async () =>
            {
                try
                {
                    using var response = await client.GetAsync("/v1.0/healthz/outbound", TestContext.Current.CancellationToken);
                    return response.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            () => $"the sidecar of {app.AppId}");
    }

    private static string Indented(string text, int by) => string.Join('\n', text.Split('\n').Select(line => line.Length == 0 ? line : new string(' ', by) + line));
}
