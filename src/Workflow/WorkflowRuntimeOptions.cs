using Dapr.Workflow.Abstractions;
using Dapr.Workflow.Worker;
using Grpc.Net.Client;

namespace Dapr.Workflow;

/// <summary>What this process runs. Names are looked up without regard to case, and the first registration of a name wins.</summary>
public sealed class WorkflowRuntimeOptions
{
    internal Registry Registry { get; } = new();

    internal GrpcChannelOptions? GrpcChannelOptions { get; private set; }

    /// <summary>How many workflows may be run through at once; the rest wait in memory.</summary>
    public int MaxConcurrentWorkflows
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            field = value;
        }
    } = 100;

    /// <summary>How many activities may run at once; the rest wait in memory.</summary>
    public int MaxConcurrentActivities
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
            field = value;
        }
    } = 100;

    /// <summary>How long running activities may take to end, and their results to be delivered, when the process stops.</summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Registers a workflow given as a function.</summary>
    public void RegisterWorkflow<TInput, TOutput>(string name, Func<WorkflowContext, TInput, Task<TOutput>> implementation)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(implementation);
        Registry.Add(name, _ => new FunctionWorkflow<TInput, TOutput>(implementation));
    }

    /// <summary>Registers a workflow, under its type's name if no other is given.</summary>
    public void RegisterWorkflow<TWorkflow>(string? name = null)
        where TWorkflow : class, IWorkflow =>
        Registry.Add(name ?? typeof(TWorkflow).Name, Registry.Make<IWorkflow, TWorkflow>());

    /// <summary>Registers an activity given as a function.</summary>
    public void RegisterActivity<TInput, TOutput>(string name, Func<WorkflowActivityContext, TInput, Task<TOutput>> implementation)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(implementation);
        Registry.Add(name, _ => new FunctionActivity<TInput, TOutput>(implementation));
    }

    /// <summary>Registers an activity, under its type's name if no other is given. Each run gets an instance and a service scope of its own.</summary>
    public void RegisterActivity<TActivity>(string? name = null)
        where TActivity : class, IWorkflowActivity =>
        Registry.Add(name ?? typeof(TActivity).Name, Registry.Make<IWorkflowActivity, TActivity>());

    /// <summary>Takes the place of our own channel options, of which an infinite timeout matters most.</summary>
    public void UseGrpcChannelOptions(GrpcChannelOptions grpcChannelOptions) => GrpcChannelOptions = grpcChannelOptions;

    private sealed class FunctionWorkflow<TInput, TOutput>(Func<WorkflowContext, TInput, Task<TOutput>> implementation) : Workflow<TInput, TOutput>
    {
        public override Task<TOutput> RunAsync(WorkflowContext context, TInput input) => implementation(context, input);
    }

    private sealed class FunctionActivity<TInput, TOutput>(Func<WorkflowActivityContext, TInput, Task<TOutput>> implementation) : WorkflowActivity<TInput, TOutput>
    {
        public override Task<TOutput> RunAsync(WorkflowActivityContext context, TInput input) => implementation(context, input);
    }
}
