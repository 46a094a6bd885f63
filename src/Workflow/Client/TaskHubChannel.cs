using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using KestrelVoice.TaskHub;
using Microsoft.Extensions.Configuration;

namespace Dapr.Workflow;

/// <summary>The way to the sidecar, opened when it is first needed, so that settings may come late.</summary>
internal sealed class TaskHubChannel(Func<(Uri Endpoint, string? Token)> settings, GrpcChannelOptions? options = null) : IDisposable
{
    // The bound of a sidecar unless --max-body-size says otherwise.
    public const int DefaultMaxSendMessageSize = 4 * 1024 * 1024;

    private readonly Lazy<(GrpcChannel Channel, TaskHubSidecarService.TaskHubSidecarServiceClient Client, Uri Endpoint)> _open = new(() =>
    {
        var (endpoint, token) = settings();
        var channel = GrpcChannel.ForAddress(endpoint, options ?? OptionsOf());
        var invoker = token is { Length: > 0 }
            ? channel.Intercept(metadata =>
            {
                metadata.Add("dapr-api-token", token);
                return metadata;
            })
            : channel.CreateCallInvoker();
        return (channel, new TaskHubSidecarService.TaskHubSidecarServiceClient(invoker), endpoint);
    });

    public TaskHubSidecarService.TaskHubSidecarServiceClient Client => _open.Value.Client;

    public Uri Endpoint => _open.Value.Endpoint;

    /// <summary>What a single message to the sidecar may weigh, in bytes.</summary>
    public int MaxSendMessageSize => options?.MaxSendMessageSize ?? DefaultMaxSendMessageSize;

    /// <summary>The stream of work may be quiet for hours, and each history comes in one message.</summary>
    public static GrpcChannelOptions OptionsOf(int? receive = null, int? send = null) => new()
    {
        HttpHandler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            KeepAlivePingDelay = TimeSpan.FromSeconds(60),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(30),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
        },
        DisposeHttpClient = true,
        ThrowOperationCanceledOnCancellation = true,
        // By default a sidecar that was away for long is not looked for again for up to two minutes.
        InitialReconnectBackoff = TimeSpan.FromMilliseconds(250),
        MaxReconnectBackoff = TimeSpan.FromSeconds(5),
        MaxReceiveMessageSize = receive,
        MaxSendMessageSize = send,
    };

    /// <summary>Where the sidecar is and what opens it: configuration first, then the environment, then Dapr's usual port.</summary>
    public static (Uri Endpoint, string? Token) SettingsOf(IConfiguration? configuration)
    {
        var endpoint = Read("DAPR_GRPC_ENDPOINT") ?? $"http://127.0.0.1:{Read("DAPR_GRPC_PORT") ?? "50001"}";
        return (EndpointOf(endpoint), Read("DAPR_API_TOKEN"));

        string? Read(string name) => configuration?[name] is { Length: > 0 } configured ? configured
            : Environment.GetEnvironmentVariable(name) is { Length: > 0 } set ? set
            : null;
    }

    public static Uri EndpointOf(string endpoint)
    {
        var text = endpoint.Contains("://", StringComparison.Ordinal) ? endpoint : "http://" + endpoint;
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new InvalidOperationException($"DAPR_GRPC_ENDPOINT is no http or https address: '{endpoint}'.");
    }

    public void Dispose()
    {
        if (_open.IsValueCreated)
            _open.Value.Channel.Dispose();
    }
}
