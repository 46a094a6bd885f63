using Dapr.Workflow.Abstractions;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Workflow.Worker;

/// <summary>The workflows and activities that this process knows, by name.</summary>
internal sealed class Registry
{
    private readonly Dictionary<string, Func<IServiceProvider, IWorkflow>> _workflows = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, Func<IServiceProvider, IWorkflowActivity>> _activities = new(StringComparer.OrdinalIgnoreCase);

    public bool IsEmpty => _workflows.Count == 0 && _activities.Count == 0;

    public static Func<IServiceProvider, TContract> Make<TContract, T>()
        where TContract : class
        where T : class, TContract
    {
        var create = new Lazy<ObjectFactory<T>>(() => ActivatorUtilities.CreateFactory<T>([]));
        return services => create.Value(services, null);
    }

    public void Add(string name, Func<IServiceProvider, IWorkflow> make) => _workflows.TryAdd(name, make);

    public void Add(string name, Func<IServiceProvider, IWorkflowActivity> make) => _activities.TryAdd(name, make);

    public IWorkflow? MakeWorkflow(string name, IServiceProvider services) => _workflows.TryGetValue(name, out var make) ? make(services) : null;

    public IWorkflowActivity? MakeActivity(string name, IServiceProvider services) => _activities.TryGetValue(name, out var make) ? make(services) : null;
}
