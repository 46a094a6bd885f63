using Dapr.Workflow;
using Dapr.Workflow.Serialization;
using Dapr.Workflow.Worker;
using Google.Protobuf.WellKnownTypes;
using KestrelVoice.TaskHub;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KestrelVoice.Workflow.Tests.Harness;

/// <summary>An instance as a sidecar keeps it: turns are taken on it, and what they decide becomes history.</summary>
internal sealed class Instance(string name, Func<string, IWorkflow?> find)
{
    private readonly List<HistoryEvent> _history = [];
    private readonly Queue<HistoryEvent> _carriedOver = [];
    private bool _hasBegun;

    public string Id { get; init; } = "order-1";

    public string? Input { get; set; }

    public DateTime Now { get; set; } = Happened.Noon;

    public int Generation { get; private set; }

    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    public IReadOnlyList<HistoryEvent> History => _history;

    public CompleteWorkflowAction? Outcome { get; private set; }

    public string? CustomStatus { get; private set; }

    public static Instance Of<TInput, TOutput>(Func<WorkflowContext, TInput, Task<TOutput>> code, object? input = null)
    {
        var options = new WorkflowRuntimeOptions();
        options.RegisterWorkflow("Order", code);
        return new("Order", workflow => options.Registry.MakeWorkflow(workflow, NoServices.Instance)) { Input = new JsonWorkflowSerializer().Serialize(input) };
    }

    public static Instance Of<TOutput>(Func<WorkflowContext, Task<TOutput>> code) => Of<object?, TOutput>((context, _) => code(context));

    /// <summary>An instance with this past.</summary>
    public Instance After(params IEnumerable<HistoryEvent> past)
    {
        _history.AddRange(past);
        _hasBegun = true;
        return this;
    }

    /// <summary>What the worker answers, as if it died before the answer arrived.</summary>
    public WorkflowResponse Try(params IEnumerable<HistoryEvent> news) => Turn.Run(RequestFor(news), "token", find, new JsonWorkflowSerializer(), Loggers);

    /// <summary>What the worker answers, committed.</summary>
    public IReadOnlyList<WorkflowAction> Take(params IEnumerable<HistoryEvent> news)
    {
        var request = RequestFor(news);
        var response = Turn.Run(request, "token", find, new JsonWorkflowSerializer(), Loggers);
        response.InstanceId.ShouldBe(Id);
        response.CompletionToken.ShouldBe("token");
        Commit(request, response);
        return [.. response.Actions];
    }

    public WorkflowRequest RequestFor(params IEnumerable<HistoryEvent> news)
    {
        var request = new WorkflowRequest { InstanceId = Id, PastEvents = { _history }, NewEvents = { Happened.TurnStarted(Now) } };
        if (!_hasBegun)
        {
            var started = Happened.Started(name, Input, $"8f14e45f-ceea-467f-a831-{Generation:d12}", Id);
            started.Timestamp = Timestamp.FromDateTime(Now);
            request.NewEvents.Add(started);
            request.NewEvents.Add(_carriedOver);
        }
        request.NewEvents.Add(news);
        return request;
    }

    public void Commit(WorkflowRequest request, WorkflowResponse response)
    {
        _hasBegun = true;
        CustomStatus = response.CustomStatus;
        var started = request.NewEvents.First(happened => happened.WorkflowStarted is not null).WorkflowStarted;
        var known = _history.SelectMany(happened => happened.WorkflowStarted?.Version?.Patches ?? []).ToList();
        if (response.Version is { } version && version.Patches.Count > known.Count)
            started.Version = new() { Patches = { version.Patches.Skip(known.Count) } };
        (response.Version?.Patches ?? []).Take(known.Count).ShouldBe(known);

        if (response.Actions.FirstOrDefault(action => action.CompleteWorkflow?.WorkflowStatus is OrchestrationStatus.ContinuedAsNew) is { } continued)
        {
            _history.Clear();
            _carriedOver.Clear();
            foreach (var raised in continued.CompleteWorkflow.CarryoverEvents)
                _carriedOver.Enqueue(raised);
            (Input, _hasBegun) = (continued.CompleteWorkflow.Result, false);
            Generation++;
            return;
        }
        _history.AddRange(request.NewEvents);
        _history.AddRange(response.Actions.Select(RecordOf));
        Outcome = response.Actions.LastOrDefault(action => action.CompleteWorkflow is not null)?.CompleteWorkflow;
    }

    public static HistoryEvent RecordOf(WorkflowAction action)
    {
        var record = new HistoryEvent { EventId = action.Id, Timestamp = Timestamp.FromDateTime(Happened.Noon) };
        switch (action.WorkflowActionTypeCase)
        {
            case WorkflowAction.WorkflowActionTypeOneofCase.ScheduleTask:
                record.TaskScheduled = new() { Name = action.ScheduleTask.Name, Input = action.ScheduleTask.Input, TaskExecutionId = action.ScheduleTask.TaskExecutionId };
                break;
            case WorkflowAction.WorkflowActionTypeOneofCase.CreateChildWorkflow:
                record.ChildWorkflowInstanceCreated = new()
                {
                    Name = action.CreateChildWorkflow.Name,
                    InstanceId = action.CreateChildWorkflow.InstanceId,
                    Input = action.CreateChildWorkflow.Input,
                };
                break;
            case WorkflowAction.WorkflowActionTypeOneofCase.CreateTimer:
                record.TimerCreated = new() { FireAt = action.CreateTimer.FireAt };
                break;
            case WorkflowAction.WorkflowActionTypeOneofCase.CompleteWorkflow:
                record.ExecutionCompleted = new()
                {
                    WorkflowStatus = action.CompleteWorkflow.WorkflowStatus,
                    Result = action.CompleteWorkflow.Result,
                    FailureDetails = action.CompleteWorkflow.FailureDetails,
                };
                break;
            default:
                throw new InvalidOperationException($"A sidecar does not take {action.WorkflowActionTypeCase}.");
        }
        return record;
    }

    private sealed class NoServices : IServiceProvider
    {
        public static readonly NoServices Instance = new();

        public object? GetService(System.Type serviceType) => null;
    }
}
