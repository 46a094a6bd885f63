using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using KestrelVoice.Cli.Postgres;
using Npgsql;

namespace KestrelVoice.EndToEnd.Tests.Running;

/// <summary>Postgres, sidecars, host and voice as four processes that can be killed and started again one by one.</summary>
internal sealed class Stack : IAsyncDisposable
{
    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(90);
    private readonly DirectoryInfo folder;
    private readonly HttpClient client = new() { Timeout = TimeSpan.FromSeconds(20) };
    private PostgresCluster postgres;

    private Stack(DirectoryInfo folder, PostgresCluster postgres, int[] ports, IReadOnlyDictionary<string, string> settings)
    {
        this.folder = folder;
        this.postgres = postgres;
        HostUrl = new Uri($"http://127.0.0.1:{ports[1]}");
        VoiceUrl = new Uri($"http://127.0.0.1:{ports[2]}");
        HostSidecar = new Uri($"http://127.0.0.1:{ports[3]}");
        VoiceSidecar = new Uri($"http://127.0.0.1:{ports[5]}");
        TwilioUrl = new Uri($"http://127.0.0.1:{ports[7]}");

        var environment = Environment(ports);
        var ofHost = new Dictionary<string, string>(environment)
        {
            ["ASPNETCORE_URLS"] = HostUrl.ToString(),
            ["DAPR_HTTP_PORT"] = $"{ports[3]}",
            ["DAPR_GRPC_PORT"] = $"{ports[4]}",
        };
        foreach (var (name, value) in settings)
            ofHost[name] = value;
        Host = new ManagedProcess("host", "dotnet", [Checkout.App("Host")], Path.Combine(Checkout.Root, "src", "Host"), ofHost);
        Voice = new ManagedProcess("voice", "dotnet", [Checkout.App("Voice")], Path.Combine(Checkout.Root, "src", "Voice"), new Dictionary<string, string>(environment)
        {
            ["ASPNETCORE_URLS"] = VoiceUrl.ToString(),
            ["DAPR_HTTP_PORT"] = $"{ports[5]}",
            ["DAPR_GRPC_PORT"] = $"{ports[6]}",
        });
        var runFile = Path.Combine(folder.FullName, "dapr.yaml");
        File.WriteAllText(runFile, RunFile(ports));
        Sidecars = new ManagedProcess("sidecars", "dotnet", [Checkout.Kestrel, "dapr", "run", "-f", runFile], folder.FullName, environment);
    }

    public Uri HostUrl { get; }
    public Uri VoiceUrl { get; }
    public Uri HostSidecar { get; }
    public Uri VoiceSidecar { get; }
    public Uri TwilioUrl { get; }

    /// <summary>Connects as the superuser, past every policy.</summary>
    public string DatabaseConnectionString => postgres.ConnectionStringFor("kestrel");

    public int PostgresProcessId => postgres.ProcessId;

    public string DaprToken { get; } = RandomNumberGenerator.GetHexString(32);
    public string PublishableKey { get; } = "sb_publishable_" + RandomNumberGenerator.GetHexString(24, lowercase: true);
    public ManagedProcess Host { get; }
    public ManagedProcess Voice { get; }
    public ManagedProcess Sidecars { get; }
    public Demo Demo { get; private set; } = null!;
    public string AccountSid { get; } = "AC" + RandomNumberGenerator.GetHexString(32, lowercase: true);
    public string TwilioToken { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);
    public string SpoolFolder => Path.Combine(folder.FullName, "spool");
    public string RecordingsFolder => Path.Combine(folder.FullName, "recordings");

    private string AppToken { get; } = RandomNumberGenerator.GetHexString(32);
    private string AppPassword { get; } = RandomNumberGenerator.GetHexString(32);
    private string EncryptionKey { get; } = "test:" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public static Task<Stack> StartAsync(CancellationToken cancellationToken) => StartAsync(new Dictionary<string, string>(), cancellationToken);

    /// <param name="settings">Further settings of the host, or other ones.</param>
    public static async Task<Stack> StartAsync(IReadOnlyDictionary<string, string> settings, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("kestrel-e2e-");
        var ports = Ports.Take(8);
        var postgres = await PostgresCluster.StartAsync(PostgresOptions(folder, ports[0]), cancellationToken);
        var stack = new Stack(folder, postgres, ports, settings);
        try
        {
            await stack.MigrateAndSeedAsync(cancellationToken);
            foreach (var process in new[] { stack.Sidecars, stack.Host, stack.Voice })
                process.Start();
            await stack.ReadyAsync(cancellationToken);
            return stack;
        }
        catch
        {
            await stack.DisposeAsync();
            throw;
        }
    }

    /// <summary>Everything answers again.</summary>
    public Task ReadyAsync(CancellationToken cancellationToken) => Eventually.Is(
        async () => await IsOkAsync(new Uri(HostUrl, "/health/ready"), cancellationToken) && await IsOkAsync(new Uri(VoiceUrl, "/health/ready"), cancellationToken)
            && await IsOkAsync(new Uri(HostSidecar, "/v1.0/healthz"), cancellationToken) && await IsOkAsync(new Uri(VoiceSidecar, "/v1.0/healthz"), cancellationToken),
        StartDeadline, () => string.Join("\n", new[] { Sidecars, Host, Voice }.Select(process => $"--- {process.Name}\n{process.Log}")), cancellationToken);

    /// <summary>kill -9 of the server process and, with it, every session; then crash recovery.</summary>
    public async Task RestartPostgresAsync(CancellationToken cancellationToken)
    {
        using (var server = System.Diagnostics.Process.GetProcessById(postgres.ProcessId))
        {
            server.Kill();
        }
        postgres = await PostgresCluster.StartAsync(PostgresOptions(folder, postgres.Port), cancellationToken);
    }

    public async Task<T> QueryAsync<T>(string sql, Func<NpgsqlDataReader, Task<T>> read, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionStringFor("kestrel"));
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await read(reader);
    }

    public Task<List<T>> RowsAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken) => QueryAsync(sql, async rows =>
    {
        var all = new List<T>();
        while (await rows.ReadAsync(cancellationToken))
            all.Add(read(rows));
        return all;
    }, cancellationToken);

    public Task ExecuteAsync(string sql, CancellationToken cancellationToken) => QueryAsync(sql, _ => Task.FromResult(true), cancellationToken);

    public HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(HostUrl, path));
        request.Headers.Add("X-API-Key", Demo.ApiKey);
        return request;
    }

    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, cancellationToken);

    public Task<JsonElement> PostAsync(string path, object body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, JsonContent.Create(body), cancellationToken);

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = Request(method, path);
        request.Content = content;
        using var response = await client.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        return JsonElement.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        await Voice.DisposeAsync();
        await Host.DisposeAsync();
        await Sidecars.DisposeAsync();
        await postgres.DisposeAsync();
        client.Dispose();
        try
        {
            folder.Delete(recursive: true);
        }
        catch (IOException)
        {
            // A process that is just going may still write its last line; the system's temp cleaner takes the rest.
        }
    }

    private static PostgresClusterOptions PostgresOptions(DirectoryInfo folder, int port) =>
        new(Path.Combine(folder.FullName, "postgres")) { Port = port, TakeOver = true, DeleteOnDispose = true };

    private async Task<bool> IsOkAsync(Uri url, CancellationToken cancellationToken)
    {
        using var response = await client.GetAsync(url, cancellationToken);
        return response.IsSuccessStatusCode;
    }

    private Dictionary<string, string> Environment(int[] ports) => new(StringComparer.Ordinal)
    {
        ["ASPNETCORE_ENVIRONMENT"] = "Development",
        ["ConnectionStrings__Kestrel"] = new NpgsqlConnectionStringBuilder(postgres.ConnectionStringFor("kestrel")) { Username = "kestrel_host", Password = AppPassword }.ConnectionString,
        ["ConnectionStrings__Migrations"] = postgres.ConnectionStringFor("kestrel"),
        ["Encryption__Keys__0"] = EncryptionKey,
        ["Auth__PublicUrl"] = $"http://127.0.0.1:{ports[1]}",
        ["Auth__PublishableKey"] = PublishableKey,
        ["Twilio__ApiBaseUrl"] = $"http://127.0.0.1:{ports[7]}",
        ["Twilio__AccountSid"] = AccountSid,
        ["Twilio__AuthToken"] = TwilioToken,
        ["Voice__PublicBaseUrl"] = $"http://127.0.0.1:{ports[2]}",
        ["Voice__SpoolPath"] = SpoolFolder,
        ["DAPR_API_TOKEN"] = DaprToken,
        ["APP_API_TOKEN"] = AppToken,
        // What is tried and measured here asks faster than any plan includes.
        ["RateLimits__Personal"] = "1000000000",
        ["RateLimits__Business"] = "1000000000",
        ["RateLimits__BusinessPlus"] = "1000000000",
        // Receivers of webhooks are on this machine.
        ["CustomerUrls__AllowedNetworks__0"] = "127.0.0.0/8",
    };

    // Sidecars only: the apps are started beside them, so that each can die alone.
    private static string RunFile(int[] ports) =>
        $"""
        version: 1
        common:
          resourcesPaths: [{Checkout.Root}/components]
          configFilePath: {Checkout.Root}/components/config/local.yaml
          apiListenAddresses: 127.0.0.1
          placementHostAddress: ""
          schedulerHostAddress: ""
          enableAppHealthCheck: true
          appHealthCheckPath: /health/ready
          appHealthProbeInterval: 1
          appHealthProbeTimeout: 1000
          appHealthThreshold: 3
          readBufferSize: 16Ki
        apps:
          - appID: host
            appDirPath: .
            appPort: {ports[1]}
            daprHTTPPort: {ports[3]}
            daprGRPCPort: {ports[4]}
          - appID: voice
            appDirPath: .
            appPort: {ports[2]}
            daprHTTPPort: {ports[5]}
            daprGRPCPort: {ports[6]}
        """;

    private async Task MigrateAndSeedAsync(CancellationToken cancellationToken)
    {
        await using (var source = NpgsqlDataSource.Create(postgres.AdminConnectionString))
        await using (var create = source.CreateCommand("create database kestrel"))
            await create.ExecuteNonQueryAsync(cancellationToken);
        await Host.RunToEndAsync(["migrate"], cancellationToken);
        Demo = JsonSerializer.Deserialize<Demo>(await Host.RunToEndAsync(["seed-demo"], cancellationToken), Demo.Json)!;
    }
}

/// <summary>What <c>seed-demo</c> prints.</summary>
internal sealed record Demo(string TenantId, string Email, string Password, string ApiKey, string PhoneNumber)
{
    public static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}
