using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Tests.Twilio;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace KestrelVoice.Voice.Tests;

/// <summary>The voice app on a port of its own. Without further settings its sidecar is down.</summary>
public sealed class VoiceApp : IAsyncDisposable
{
    public const string AccountSid = "AC00001111222233334444555566667777";

    private const int FirstPort = 18_000;
    private const int Ports = 14_000;
    private static int s_ports = Environment.ProcessId * 97;

    private readonly WebApplicationFactory<Program> _factory;

    public VoiceApp(IReadOnlyDictionary<string, string?>? settings = null, TimeProvider? clock = null, string? spoolPath = null)
    {
        SpoolPath = spoolPath ?? Path.Combine(Path.GetTempPath(), "kestrelvoice-tests", Path.GetRandomFileName());
        var nowhere = UnusedPort();
        var configuration = new Dictionary<string, string?>
        {
            ["urls"] = "http://127.0.0.1:0",
            ["Logging:Console:LogLevel:Default"] = "None",
            ["Twilio:AccountSid"] = AccountSid,
            ["Twilio:AuthToken"] = SignatureVectors.Token,
            ["Voice:SpoolPath"] = SpoolPath,
            ["DAPR_HTTP_ENDPOINT"] = $"http://127.0.0.1:{nowhere}",
            ["DAPR_GRPC_ENDPOINT"] = $"http://127.0.0.1:{nowhere}",
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string?>())
            configuration[name] = value;

        _factory = new WebApplicationFactory<Program>().WithWebHostBuilder(host =>
        {
            foreach (var (name, value) in configuration)
                host.UseSetting(name, value);
            if (clock is not null)
                host.ConfigureServices(services => services.Replace(ServiceDescriptor.Singleton(clock)));
        });
        _factory.UseKestrel();
        _factory.StartServer();
        Url = _factory.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
    }

    public string SpoolPath { get; }

    public string Url { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => _factory.Services;

    /// <summary>What waits on disk, in the order of the call.</summary>
    public IReadOnlyList<JsonElement> Spooled() => Directory.Exists(SpoolPath)
        ?
        [
            .. Directory.EnumerateFiles(SpoolPath, "*.event.json")
                .Select(path => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement)
                .OrderBy(spooled => spooled.GetProperty("payload").GetProperty("sequence").GetInt32()),
        ]
        : [];

    public IReadOnlyList<string> SpooledTypes() => [.. Spooled().Select(spooled => spooled.GetProperty("type").GetString()!)];

    public IReadOnlyList<T> SpooledOf<T>() where T : CallEvent => [.. Spooled().Select(spooled => spooled.GetProperty("payload").Deserialize<T>(ContractJson.Options)!)];

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _factory.DisposeAsync();
        if (Directory.Exists(SpoolPath))
            Directory.Delete(SpoolPath, recursive: true);
    }

    /// <summary>Stops the app and leaves its spool.</summary>
    public async Task StopAsync()
    {
        Client.Dispose();
        await _factory.DisposeAsync();
    }

    /// <summary>Below the ports that outgoing connections take: it must still be free when something comes back up on it.</summary>
    public static int UnusedPort()
    {
        while (true)
        {
            var port = FirstPort + (int)((uint)Interlocked.Increment(ref s_ports) % Ports);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Another test run has it.
            }
        }
    }
}
