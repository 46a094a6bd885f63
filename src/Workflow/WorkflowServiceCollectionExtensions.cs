using Dapr.Workflow.Registration;
using Dapr.Workflow.Serialization;
using Dapr.Workflow.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Dapr.Workflow;

/// <summary>Registers client and worker.</summary>
public static class WorkflowServiceCollectionExtensions
{
    /// <summary>Registers the client, and a worker that runs what is registered elsewhere; nothing, if nothing is.</summary>
    public static IServiceCollection AddDaprWorkflow(this IServiceCollection services) => services.AddDaprWorkflow(_ => { });

    /// <summary>
    /// Registers the client, and a worker that connects to the sidecar when the app starts and runs the workflows and activities named in <paramref name="configure"/>.
    /// Calls add up, so each part of an app may register its own. Where the sidecar is, is read when it is first needed: <c>DAPR_GRPC_ENDPOINT</c>, else
    /// <c>DAPR_GRPC_PORT</c> on this machine, else port 50001; a key of the configuration wins over a variable of the environment. Without a sidecar the app
    /// runs all the same: the worker says so once and keeps trying.
    /// </summary>
    /// <param name="lifetime">The client's.</param>
    public static IServiceCollection AddDaprWorkflow(
        this IServiceCollection services, Action<WorkflowRuntimeOptions> configure, ServiceLifetime lifetime = ServiceLifetime.Singleton)
    {
        services.AddDaprWorkflowBuilder(configure, lifetime: lifetime);
        return services;
    }

    /// <summary>As <see cref="AddDaprWorkflow(IServiceCollection, Action{WorkflowRuntimeOptions}, ServiceLifetime)"/>, with more to say about serialisation and messages.</summary>
    /// <param name="configureClient">When given, clients are made by this builder, each with a connection of its own.</param>
    /// <param name="lifetime">The client's.</param>
    public static DaprWorkflowBuilder AddDaprWorkflowBuilder(
        this IServiceCollection services,
        Action<WorkflowRuntimeOptions>? configure,
        Action<IServiceProvider, DaprWorkflowClientBuilder>? configureClient = null,
        ServiceLifetime lifetime = ServiceLifetime.Singleton)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<WorkflowRuntimeOptions>().Configure(configure ?? (_ => { }));
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(Random.Shared);
        services.TryAddSingleton<IWorkflowSerializer, JsonWorkflowSerializer>();
        services.TryAddSingleton(provider => new TaskHubChannel(
            () => TaskHubChannel.SettingsOf(provider.GetService<IConfiguration>()),
            provider.GetRequiredService<IOptions<WorkflowRuntimeOptions>>().Value.GrpcChannelOptions));
        services.TryAdd(new ServiceDescriptor(typeof(DaprWorkflowClient), provider => MakeClient(provider, configureClient), lifetime));
        services.TryAdd(new ServiceDescriptor(typeof(IDaprWorkflowClient), provider => provider.GetRequiredService<DaprWorkflowClient>(), lifetime));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, WorkflowWorker>());
        return new(services);
    }

    private static DaprWorkflowClient MakeClient(IServiceProvider provider, Action<IServiceProvider, DaprWorkflowClientBuilder>? configure)
    {
        var (serializer, clock) = (provider.GetRequiredService<IWorkflowSerializer>(), provider.GetRequiredService<TimeProvider>());
        if (configure is null)
            return new(provider.GetRequiredService<TaskHubChannel>(), serializer, clock);
        var builder = new DaprWorkflowClientBuilder(provider.GetService<IConfiguration>()).UseSerializer(serializer).UseClock(clock);
        configure(provider, builder);
        return builder.Build();
    }
}
