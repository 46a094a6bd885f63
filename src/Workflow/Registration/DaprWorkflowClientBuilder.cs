using System.Text.Json;
using Dapr.Workflow.Serialization;
using Grpc.Net.Client;
using Microsoft.Extensions.Configuration;

namespace Dapr.Workflow.Registration;

/// <summary>Makes a client outside of a container. What is not said comes from configuration and environment: DAPR_GRPC_ENDPOINT, DAPR_GRPC_PORT, DAPR_API_TOKEN.</summary>
public sealed class DaprWorkflowClientBuilder(IConfiguration? configuration = null)
{
    private string? _endpoint;
    private string? _token;
    private GrpcChannelOptions? _options;
    private IWorkflowSerializer _serializer = new JsonWorkflowSerializer();
    private TimeProvider _clock = TimeProvider.System;

    /// <summary>The sidecar's gRPC address, such as <c>http://127.0.0.1:50001</c>.</summary>
    public DaprWorkflowClientBuilder UseGrpcEndpoint(string grpcEndpoint)
    {
        _endpoint = grpcEndpoint;
        return this;
    }

    /// <summary>What the sidecar asks for, if it does.</summary>
    public DaprWorkflowClientBuilder UseDaprApiToken(string apiToken)
    {
        _token = apiToken;
        return this;
    }

    /// <summary>Takes the place of our own channel options, of which an infinite timeout matters most.</summary>
    public DaprWorkflowClientBuilder UseGrpcChannelOptions(GrpcChannelOptions grpcChannelOptions)
    {
        _options = grpcChannelOptions;
        return this;
    }

    /// <summary>Another way to write inputs and read results.</summary>
    public DaprWorkflowClientBuilder UseSerializer(IWorkflowSerializer serializer)
    {
        _serializer = serializer;
        return this;
    }

    /// <summary>Another kind of JSON.</summary>
    public DaprWorkflowClientBuilder UseJsonSerializer(JsonSerializerOptions options) => UseSerializer(new JsonWorkflowSerializer(options));

    /// <summary>A client with a connection of its own, which goes when it is disposed.</summary>
    public DaprWorkflowClient Build() => new(
        new TaskHubChannel(
            () =>
            {
                var (endpoint, token) = TaskHubChannel.SettingsOf(configuration);
                return (_endpoint is null ? endpoint : TaskHubChannel.EndpointOf(_endpoint), _token ?? token);
            },
            _options),
        _serializer,
        _clock,
        ownsChannel: true);

    internal DaprWorkflowClientBuilder UseClock(TimeProvider clock)
    {
        _clock = clock;
        return this;
    }
}
