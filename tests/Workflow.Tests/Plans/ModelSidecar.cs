using Dapr.Workflow;
using Dapr.Workflow.Serialization;
using Dapr.Workflow.Worker;
using KestrelVoice.TaskHub;
using KestrelVoice.Workflow.Tests.Harness;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace KestrelVoice.Workflow.Tests.Plans;

/// <summary>
/// A sidecar in memory, whose every choice (what comes next, how many events a turn takes, who is suspended, what is delivered twice) follows from a seed.
/// A worker that dies at a step has done its work, and nobody hears of it.
/// </summary>
internal sealed class ModelSidecar
{
    private const int TooManySteps = 20_000;
    private static readonly JsonWorkflowSerializer Json = new();

    private readonly Registry _registry;
    private readonly ActivityRuns _activities;
    private readonly Random _random;
    private readonly Func<int, bool> _dies;
    private readonly Dictionary<string, Running> _instances = new(StringComparer.Ordinal);
    private readonly List<(Running Of, int Generation, HistoryEvent Scheduled)> _work = [];
    private readonly List<(Running Of, int Generation, HistoryEvent Created)> _timers = [];
    private readonly Queue<HistoryEvent> _outside;
    private readonly Running _root;
    private DateTime _now = Happened.Noon;

    private ModelSidecar(PlanWorld world, Plan plan, int seed, Func<int, bool> dies)
    {
        var options = new WorkflowRuntimeOptions();
        world.Register(options);
        (_registry, _random, _dies) = (options.Registry, new Random(seed), dies);
        _activities = new(_registry, Json, new ServiceCollection().BuildServiceProvider().GetRequiredService<IServiceScopeFactory>());
        _outside = new(plan.Events.Select(name => Happened.Raised(name.ToUpperInvariant(), Json.Serialize(name))));
        _root = Start(PlanWorld.Workflow, "root", Json.Serialize(plan), null, 0);
    }

    public int Steps { get; private set; }

    /// <summary>Carries a plan out to its end.</summary>
    public static async Task<(string? Result, int Steps)> RunAsync(PlanWorld world, Plan plan, int seed, Func<int, bool> dies)
    {
        var sidecar = new ModelSidecar(world, plan, seed, dies);
        while (sidecar._root.Instance.Outcome is null && ++sidecar.Steps < TooManySteps)
            await sidecar.StepAsync();
        var outcome = sidecar._root.Instance.Outcome;
        return (outcome?.WorkflowStatus is OrchestrationStatus.Completed ? Json.Deserialize<string>(outcome.Result) : outcome?.FailureDetails?.ToString(), sidecar.Steps);
    }

    private async Task StepAsync()
    {
        _now = _now.AddMilliseconds(1);
        _work.RemoveAll(work => work.Generation != work.Of.Instance.Generation);
        _timers.RemoveAll(timer => timer.Generation != timer.Of.Instance.Generation);
        var turns = _instances.Values.Where(running => running.IsWoken).ToList();
        if (_random.Next(25) == 0 || (_root.IsSuspended && (turns.Count + _work.Count == 0 || _random.Next(4) == 0)))
            _root.ToggleSuspension();
        else if (_outside.Count > 0 && (turns.Count + _work.Count == 0 || _random.Next(6) == 0))
            _root.Inbox.Add(_outside.Dequeue());
        else if (_random.Next(Math.Max(1, turns.Count + _work.Count)) is var choice && choice < turns.Count)
            TakeTurn(turns[choice]);
        else if (choice - turns.Count < _work.Count)
            await DoWorkAsync(_work[choice - turns.Count]);
        else
            Fire();
    }

    private void TakeTurn(Running running)
    {
        var news = running.Inbox.Take(_random.Next(running.Inbox.Count) + 1).ToList();
        running.Instance.Now = _now;
        var request = running.Instance.RequestFor(news);
        var response = Turn.Run(request, "", name => _registry.MakeWorkflow(name, null!), Json, NullLoggerFactory.Instance);
        Turn.Run(request, "", name => _registry.MakeWorkflow(name, null!), Json, NullLoggerFactory.Instance).ShouldBe(response);
        if (_dies(Steps))
            return;

        running.Inbox.RemoveRange(0, news.Count);
        var generation = running.Instance.Generation;
        running.Instance.Commit(request, response);
        running.MustBegin = running.Instance.Generation != generation;
        if (running.MustBegin)
        {
            // Sidecars before 1.18.1 let the results of activities of the run before through.
            running.Inbox.RemoveAll(happened => happened.TimerFired is not null || happened.ChildWorkflowInstanceCompleted is not null
                || happened.ChildWorkflowInstanceFailed is not null);
            return;
        }
        foreach (var action in response.Actions)
            Follow(running, action);
    }

    private void Follow(Running running, WorkflowAction action)
    {
        var record = Instance.RecordOf(action);
        switch (action.WorkflowActionTypeCase)
        {
            case WorkflowAction.WorkflowActionTypeOneofCase.ScheduleTask:
                _work.Add((running, running.Instance.Generation, record));
                break;
            case WorkflowAction.WorkflowActionTypeOneofCase.CreateTimer:
                _timers.Add((running, running.Instance.Generation, record));
                break;
            case WorkflowAction.WorkflowActionTypeOneofCase.CreateChildWorkflow:
                Start(action.CreateChildWorkflow.Name, action.CreateChildWorkflow.InstanceId, action.CreateChildWorkflow.Input, running, action.Id);
                break;
            case WorkflowAction.WorkflowActionTypeOneofCase.CompleteWorkflow when running.Parent is { } parent:
                parent.Inbox.Add(action.CompleteWorkflow.WorkflowStatus is OrchestrationStatus.Completed
                    ? Happened.ChildCompleted(running.TaskId, action.CompleteWorkflow.Result)
                    : Happened.ChildFailed(running.TaskId, action.CompleteWorkflow.FailureDetails));
                break;
        }
    }

    private async Task DoWorkAsync((Running Of, int Generation, HistoryEvent Scheduled) work)
    {
        var scheduled = work.Scheduled.TaskScheduled;
        var response = await _activities.RunAsync(new()
        {
            Name = scheduled.Name,
            Input = scheduled.Input,
            TaskId = work.Scheduled.EventId,
            TaskExecutionId = scheduled.TaskExecutionId,
            WorkflowInstance = new() { InstanceId = work.Of.Instance.Id },
        });
        if (_dies(Steps))
            return;
        // Now and then it stays, to be done and told again.
        if (_random.Next(10) != 0)
            _work.Remove(work);
        var key = scheduled.TaskExecutionId;
        work.Of.Inbox.Add(response.FailureDetails is { } details
            ? new() { EventId = -1, TaskFailed = new() { TaskScheduledId = response.TaskId, FailureDetails = details, TaskExecutionId = key } }
            : new() { EventId = -1, TaskCompleted = new() { TaskScheduledId = response.TaskId, Result = response.Result, TaskExecutionId = key } });
    }

    private void Fire()
    {
        var timer = _timers.OrderBy(timer => timer.Created.TimerCreated.FireAt).First();
        _timers.Remove(timer);
        var fireAt = timer.Created.TimerCreated.FireAt.ToDateTime();
        _now = fireAt > _now ? fireAt : _now;
        timer.Of.Inbox.Add(Happened.Fired(timer.Created.EventId));
    }

    private Running Start(string name, string id, string input, Running? parent, int taskId)
    {
        var running = new Running(new Instance(name, workflow => _registry.MakeWorkflow(workflow, null!)) { Id = id, Input = input }, parent, taskId);
        _instances.Add(id, running);
        return running;
    }

    private sealed class Running(Instance instance, Running? parent, int taskId)
    {
        public Instance Instance { get; } = instance;

        public Running? Parent { get; } = parent;

        public int TaskId { get; } = taskId;

        public List<HistoryEvent> Inbox { get; } = [];

        public bool MustBegin { get; set; } = true;

        public bool IsSuspended { get; private set; }

        public bool IsWoken => Instance.Outcome is null && (MustBegin || Inbox.Count > 0);

        public void ToggleSuspension()
        {
            IsSuspended = !IsSuspended;
            Inbox.Add(IsSuspended ? Happened.Suspended() : Happened.Resumed());
        }
    }
}
