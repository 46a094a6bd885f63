using System.Text.Json;
using Dapr.Workflow.Serialization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dapr.Workflow.Registration;

/// <summary>Goes on with a registration.</summary>
public interface IDaprWorkflowBuilder
{
    /// <summary>Where things are registered.</summary>
    IServiceCollection Services { get; }
}

/// <summary>Goes on with a registration made by <see cref="WorkflowServiceCollectionExtensions.AddDaprWorkflowBuilder"/>.</summary>
public sealed class DaprWorkflowBuilder : IDaprWorkflowBuilder
{
    internal DaprWorkflowBuilder(IServiceCollection services) => Services = services;

    /// <inheritdoc/>
    public IServiceCollection Services { get; }

    /// <summary>Another way to write and read inputs, results, events and statuses, in client and worker.</summary>
    public DaprWorkflowBuilder WithSerializer(IWorkflowSerializer serializer)
    {
        Services.Replace(ServiceDescriptor.Singleton(serializer));
        return this;
    }

    /// <summary>Another kind of JSON.</summary>
    public DaprWorkflowBuilder WithJsonSerializer(JsonSerializerOptions options) => WithSerializer(new JsonWorkflowSerializer(options));

    /// <summary>
    /// What a message may weigh, in bytes. Unless said, anything is received, and a result that is larger than a sidecar takes by default (4 MiB) fails its task
    /// instead of being sent; raise it together with the sidecar's <c>--max-body-size</c>.
    /// </summary>
    public DaprWorkflowBuilder WithGrpcMessageSizeLimits(int? maxReceiveMessageSize = null, int? maxSendMessageSize = null)
    {
        Services.Configure<WorkflowRuntimeOptions>(options =>
        {
            var channel = options.GrpcChannelOptions ?? TaskHubChannel.OptionsOf();
            channel.MaxReceiveMessageSize = maxReceiveMessageSize;
            channel.MaxSendMessageSize = maxSendMessageSize;
            options.UseGrpcChannelOptions(channel);
        });
        return this;
    }
}
