using Dapr.Workflow.Serialization;
using Google.Protobuf.WellKnownTypes;
using KestrelVoice.TaskHub;
using Microsoft.Extensions.Logging;

namespace Dapr.Workflow.Worker;

/// <summary>
/// One run of a workflow's code through its history. Everything happens on the thread that calls <see cref="Run"/>: each event settles what it answers, and
/// the code that awaited it goes on inside that call until it awaits again. So the code sees events one by one, in their order, in each run.
/// </summary>
internal sealed class Turn : WorkflowContext
{
    private const string Advice =
        "Instances that have begun replay their history through the code of today: guard a change with IsPatched, or give the changed workflow another name.";

    private const string Strayed =
        "The code went on by something that its context did not give it, such as a delay, a lock or a request, which no history can bring back.";

    // The latest moment that a history can hold stands for never; in ticks, as protobuf's nanoseconds are finer than a DateTime.
    private static readonly DateTime Never = DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc);

    private readonly WorkflowRequest _request;
    private readonly Func<string, IWorkflow?> _find;
    private readonly IWorkflowSerializer _serializer;
    private readonly ILoggerFactory _loggers;

    private readonly Dictionary<int, OpenTask> _tasks = [];
    private readonly EventInbox _inbox = new();
    private readonly Queue<HistoryEvent> _heldBack = [];
    private readonly Dictionary<int, HistoryEvent> _earlyRecords = [];
    private readonly Dictionary<int, HistoryEvent> _earlyAnswers = [];
    private readonly List<(CancellationToken Token, Action Cancel)> _cancellable = [];

    // Timers that other SDKs record for waits without end, by their number.
    private readonly Dictionary<int, string> _endlessWaits = [];
    private readonly HashSet<string> _recordedPatches = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> _patches = new(StringComparer.Ordinal);
    private readonly List<string> _takenPatches = [];

    private readonly int _thread = Environment.CurrentManagedThreadId;
    private int _nextId;
    private int _guids;
    private bool _isReplaying;
    private bool _isSuspended;
    private volatile bool _isOver;
    private volatile bool _hasStrayed;
    private DateTime _now = DateTime.UnixEpoch;
    private ExecutionStartedEvent? _started;
    private Guid _space;
    private string? _appId;
    private string? _customStatus;
    private (string Input, bool PreserveEvents)? _continuation;
    private CompleteWorkflowAction? _outcome;
    private string? _disagreement;

    private Turn(WorkflowRequest request, Func<string, IWorkflow?> find, IWorkflowSerializer serializer, ILoggerFactory loggers)
    {
        (_request, _find, _serializer, _loggers) = (request, find, serializer, loggers);
        var firstRecord = int.MaxValue;
        foreach (var happened in request.PastEvents.Concat(request.NewEvents))
        {
            if (happened.WorkflowStarted?.Version is { } version)
                _recordedPatches.UnionWith(version.Patches);
            if (happened.EndlesslyAwaited is { } name)
                _endlessWaits[happened.EventId] = name;
            if (happened.IsRecord)
                firstRecord = Math.Min(firstRecord, happened.EventId);
        }
        // Steps are numbered from 0 here, and from 1 by some other SDKs, whose instances can be taken over.
        _nextId = firstRecord == 1 ? 1 : 0;
    }

    public override string Name => _started?.Name ?? "";

    public override string InstanceId => _request.InstanceId;

    public override DateTime CurrentUtcDateTime => _now;

    public override bool IsReplaying => _isReplaying;

    /// <summary>Runs the code and says what it decided. Never throws for what the code does.</summary>
    /// <param name="find">The workflow of a name, if there is one.</param>
    public static WorkflowResponse Run(
        WorkflowRequest request, string completionToken, Func<string, IWorkflow?> find, IWorkflowSerializer serializer, ILoggerFactory loggers)
    {
        var turn = new Turn(request, find, serializer, loggers);
        var outer = SynchronizationContext.Current;
        // Any other context would carry awaiting code off to another thread.
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            var response = turn.Decide();
            response.CompletionToken = completionToken;
            return response;
        }
        finally
        {
            turn._isOver = true;
            SynchronizationContext.SetSynchronizationContext(outer);
        }
    }

    public override bool IsPatched(string patchName)
    {
        ArgumentException.ThrowIfNullOrEmpty(patchName);
        Guard();
        if (_patches.TryGetValue(patchName, out var decided))
            return decided;
        var patched = _recordedPatches.Contains(patchName) || !_isReplaying;
        _patches.Add(patchName, patched);
        if (patched)
            _takenPatches.Add(patchName);
        return patched;
    }

    public override async Task<T> CallActivityAsync<T>(string name, object? input = null, WorkflowTaskOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var text = _serializer.Serialize(input);
        string? firstKey = null;
        var answer = await AttemptAsync(
            options,
            id =>
            {
                var key = NameBasedGuid.Create(_space, $"{InstanceId}|{id}|{name}").ToString();
                firstKey ??= key;
                var action = new ScheduleTaskAction { Name = name, Input = text, TaskExecutionId = key };
                if (ScopeOf(options) is { } scope)
                    action.HistoryPropagationScope = scope;
                return new() { ScheduleTask = action };
            },
            timer => timer.ActivityRetry = new() { TaskExecutionId = firstKey });
        return _serializer.Deserialize<T>(answer)!;
    }

    public override async Task<TResult> CallChildWorkflowAsync<TResult>(string workflowName, object? input = null, ChildWorkflowTaskOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(workflowName);
        var text = _serializer.Serialize(input);
        string? firstId = null;
        var answer = await AttemptAsync(
            options,
            _ =>
            {
                var instanceId = options?.InstanceId is { Length: > 0 } chosen ? chosen : NewGuid().ToString();
                firstId ??= instanceId;
                var action = new CreateChildWorkflowAction { InstanceId = instanceId, Name = workflowName, Input = text };
                if (ScopeOf(options) is { } scope)
                    action.HistoryPropagationScope = scope;
                return new() { CreateChildWorkflow = action };
            },
            timer => timer.ChildWorkflowRetry = new() { InstanceId = firstId });
        return _serializer.Deserialize<TResult>(answer)!;
    }

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken)
    {
        if (fireAt.Kind != DateTimeKind.Utc)
            throw new ArgumentException("A timer needs a moment in UTC.", nameof(fireAt));
        Guard();
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);
        var timer = Open(fireAt, action => action.CreateTimer = new());
        CancelWith(() => timer.Cancel(cancellationToken), cancellationToken);
        return timer.Answer;
    }

    public override async Task<T> WaitForExternalEventAsync<T>(string eventName, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        Guard();
        cancellationToken.ThrowIfCancellationRequested();
        if (_endlessWaits.Remove(_nextId, out var recorded) && string.Equals(recorded, eventName, StringComparison.OrdinalIgnoreCase))
            Open(Never, action => action.ExternalEvent = new() { Name = eventName }).Cancel(CancellationToken.None);
        var waiter = _inbox.Wait(eventName);
        CancelWith(() => _inbox.GiveUp(waiter, cancellationToken), cancellationToken);
        return _serializer.Deserialize<T>(await waiter.Source.Task)!;
    }

    public override async Task<T> WaitForExternalEventAsync<T>(string eventName, TimeSpan timeout)
    {
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        if (timeout < TimeSpan.Zero)
            return await WaitForExternalEventAsync<T>(eventName);
        Guard();
        if (timeout == TimeSpan.Zero)
            throw new TaskCanceledException($"No time was given to the event '{eventName}'.");
        var timer = Open(After(timeout), action =>
        {
            // The name is how sidecars before 1.18 find the timer that an event makes needless.
            action.Name = eventName;
            action.ExternalEvent = new() { Name = eventName };
        });
        var waiter = _inbox.Wait(eventName);
        if (await Task.WhenAny(waiter.Source.Task, timer.Answer) == timer.Answer)
        {
            _inbox.GiveUp(waiter);
            throw new TaskCanceledException($"The event '{eventName}' did not come in time.");
        }
        timer.Cancel(CancellationToken.None);
        return _serializer.Deserialize<T>(await waiter.Source.Task)!;
    }

    public override void SendEvent(string instanceId, string eventName, object payload) =>
        throw new NotSupportedException("Sidecars do not deliver events sent by workflow code. Raise it from an activity, through DaprWorkflowClient.");

    public override void SetCustomStatus(object? customStatus)
    {
        Guard();
        _customStatus = customStatus is null ? null : _serializer.Serialize(customStatus);
    }

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true)
    {
        Guard();
        _continuation = (_serializer.Serialize(newInput), preserveUnprocessedEvents);
    }

    public override Guid NewGuid()
    {
        Guard();
        return NameBasedGuid.Create(_space, $"{InstanceId}_{_guids++}");
    }

    public override ILogger CreateReplaySafeLogger(string categoryName) => new ReplaySafeLogger(_loggers.CreateLogger(categoryName), this);

    public override ILogger CreateReplaySafeLogger(System.Type type) => new ReplaySafeLogger(_loggers.CreateLogger(type), this);

    public override ILogger CreateReplaySafeLogger<T>() => new ReplaySafeLogger(_loggers.CreateLogger<T>(), this);

    private WorkflowResponse Decide()
    {
        _isReplaying = true;
        Pass(_request.PastEvents);
        _isReplaying = false;
        // Wherever it stands among them, and whatever the code would have made of the others.
        var terminated = _request.PastEvents.Concat(_request.NewEvents).FirstOrDefault(happened => happened.ExecutionTerminated is not null);
        if (terminated is null)
            Pass(_request.NewEvents);

        var response = new WorkflowResponse { InstanceId = InstanceId, CustomStatus = _customStatus };
        // Not where the instance ends anyway: a sidecar holds back what does not fit the patches on record.
        if (terminated is null && (_recordedPatches.Count > 0 || _takenPatches.Count > 0))
            response.Version = new() { Patches = { _takenPatches } };
        response.Actions.AddRange(terminated is null ? Decisions() : [Complete(new()
        {
            WorkflowStatus = OrchestrationStatus.Terminated,
            Result = terminated.ExecutionTerminated.Input,
        })]);
        return response;
    }

    private List<WorkflowAction> Decisions()
    {
        if (_isSuspended)
            return [];
        if ((_disagreement ??= FindDisagreement()) is { } disagreement)
            return [Complete(new()
            {
                WorkflowStatus = OrchestrationStatus.Failed,
                FailureDetails = Failures.Of(ErrorTypes.NonDeterminism, $"{disagreement} {Advice}", isNonRetriable: true),
            })];
        if (_outcome is { WorkflowStatus: OrchestrationStatus.ContinuedAsNew } continued)
        {
            // Events that came after the code had ended belong to the next run too.
            if (_continuation is { PreserveEvents: true })
                continued.CarryoverEvents.AddRange(_inbox.Unclaimed.Select(raised => new HistoryEvent(raised) { EventId = -1 }));
            return [Complete(continued)];
        }
        var asked = _tasks.Values.Where(task => !task.IsConfirmed).Select(task => task.Action).OrderBy(action => action.Id).ToList();
        return _outcome is null ? asked : [.. asked, Complete(_outcome)];
    }

    private string? FindDisagreement()
    {
        if (_earlyRecords.Count > 0)
            return Missing(_earlyRecords.Values.MinBy(record => record.EventId)!);
        var hasFuture = _started is null || _outcome is not null || _inbox.HasWaiters || _tasks.Values.Any(task => !task.IsSettled);
        return _hasStrayed || !hasFuture ? Strayed : null;
    }

    private WorkflowAction Complete(CompleteWorkflowAction outcome) => new() { Id = _nextId, CompleteWorkflow = outcome };

    private void Pass(IEnumerable<HistoryEvent> events)
    {
        foreach (var happened in events)
        {
            Pass(happened);
            PassCancellations();
        }
    }

    private void Pass(HistoryEvent happened)
    {
        switch (happened.EventTypeCase)
        {
            case HistoryEvent.EventTypeOneofCase.WorkflowStarted:
                _now = happened.Timestamp?.ToDateTime() ?? _now;
                break;
            case HistoryEvent.EventTypeOneofCase.ExecutionSuspended:
                _isSuspended = true;
                break;
            case HistoryEvent.EventTypeOneofCase.ExecutionResumed:
                _isSuspended = false;
                while (_heldBack.TryDequeue(out var held))
                {
                    Pass(held);
                    PassCancellations();
                }
                break;
            case var _ when _disagreement is not null:
                break;
            case HistoryEvent.EventTypeOneofCase.TaskScheduled:
            case HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCreated:
            case HistoryEvent.EventTypeOneofCase.TimerCreated:
            case HistoryEvent.EventTypeOneofCase.EventSent:
                Confirm(happened);
                break;
            case HistoryEvent.EventTypeOneofCase.ExecutionStarted or HistoryEvent.EventTypeOneofCase.EventRaised when _isSuspended:
            case var _ when _isSuspended && happened.AnsweredStep is not null:
                _heldBack.Enqueue(happened);
                break;
            case HistoryEvent.EventTypeOneofCase.ExecutionStarted:
                Start(happened);
                break;
            case HistoryEvent.EventTypeOneofCase.EventRaised when _outcome is null:
                _inbox.Deliver(happened);
                break;
            case HistoryEvent.EventTypeOneofCase.EventRaised:
                _inbox.Keep(happened);
                break;
            case var _ when happened.AnsweredStep is { } step && _outcome is null:
                Answer(step, happened);
                break;
        }
    }

    private void Start(HistoryEvent happened)
    {
        if (_started is not null)
            return;
        _started = happened.ExecutionStarted;
        _appId = happened.Router is { } router ? router is { HasTargetAppID: true, TargetAppID: { Length: > 0 } own } ? own : router.SourceAppID : null;
        if (_now == DateTime.UnixEpoch)
            _now = happened.Timestamp?.ToDateTime() ?? _now;
        _space = NameBasedGuid.SpaceOf(_started.WorkflowInstance?.ExecutionId is { Length: > 0 } executionId ? executionId : $"{InstanceId}|{happened.Timestamp}");
        _ = RunCodeAsync(_started);
    }

    private async Task RunCodeAsync(ExecutionStartedEvent started)
    {
        CompleteWorkflowAction outcome;
        try
        {
            if (_find(started.Name) is not { } workflow)
            {
                outcome = Failed(started.Name.Length == 0
                    ? Failures.Of(ErrorTypes.WorkflowNameMissing, "The workflow was started without a name.")
                    : Failures.Of(ErrorTypes.WorkflowNotFound, $"No workflow is registered as '{started.Name}'."));
            }
            else
            {
                var result = await workflow.RunAsync(this, _serializer.Deserialize(started.Input, workflow.InputType));
                outcome = _continuation is { } continuation
                    ? new() { WorkflowStatus = OrchestrationStatus.ContinuedAsNew, Result = continuation.Input }
                    : new() { WorkflowStatus = OrchestrationStatus.Completed, Result = _serializer.Serialize(result) };
            }
        }
        catch (Exception failure)
        {
            outcome = Failed(Failures.Of(failure));
        }
        if (IsHere)
            _outcome = outcome;
        else
            _hasStrayed = true;

        static CompleteWorkflowAction Failed(TaskFailureDetails details) => new() { WorkflowStatus = OrchestrationStatus.Failed, FailureDetails = details };
    }

    private async Task<string?> AttemptAsync(WorkflowTaskOptions? options, Func<int, WorkflowAction> make, Action<CreateTimerAction> mark)
    {
        var begun = _now;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await Open(id => Routed(make(id), options)).Answer;
            }
            catch (WorkflowTaskFailedException failure) when (
                !failure.FailureDetails.IsNonRetriable && options?.RetryPolicy?.PauseAfter(attempt, _now - begun) is { } pause)
            {
                await Open(After(pause), mark).Answer;
            }
        }
    }

    private OpenTask Open(DateTime fireAt, Action<CreateTimerAction> mark)
    {
        var timer = new CreateTimerAction { FireAt = Timestamp.FromDateTime(fireAt) };
        mark(timer);
        return Open(_ => new() { CreateTimer = timer });
    }

    private OpenTask Open(Func<int, WorkflowAction> make)
    {
        Guard();
        var id = _nextId++;
        var action = make(id);
        action.Id = id;
        var task = new OpenTask(action);
        _tasks.Add(id, task);
        if (_earlyRecords.Remove(id, out var record))
            Confirm(task, record);
        if (_disagreement is { } disagreement)
            throw new NonDeterminismException(disagreement);
        if (_earlyAnswers.Remove(id, out var answer))
            Settle(task, answer);
        return task;
    }

    private void Confirm(HistoryEvent record)
    {
        if (_tasks.TryGetValue(record.EventId, out var task))
            Confirm(task, record);
        // A worker of another make may have let the code go on while it was suspended; here it gets there when it is resumed.
        else if (_isSuspended)
            _earlyRecords[record.EventId] = record;
        else
            _disagreement ??= Missing(record);
    }

    private void Confirm(OpenTask task, HistoryEvent record)
    {
        if (task.IsRecordedAs(record))
            task.Confirm(record);
        else
            _disagreement ??= $"Step {record.EventId} was {OpenTask.Describe(record)} according to history, but the code asked for {OpenTask.Describe(task.Action)}.";
    }

    private static string Missing(HistoryEvent record) =>
        $"Step {record.EventId} was {OpenTask.Describe(record)} according to history, but the code did not ask for that.";

    // An answer may come twice, and, of some sidecars, before the record of what it answers.
    private void Answer(int step, HistoryEvent answer)
    {
        if (_tasks.TryGetValue(step, out var task))
            Settle(task, answer);
        else
            _earlyAnswers.TryAdd(step, answer);
    }

    private static void Settle(OpenTask task, HistoryEvent answer)
    {
        if (!task.IsAnsweredBy(answer))
            return;
        switch (answer.EventTypeCase)
        {
            case HistoryEvent.EventTypeOneofCase.TaskCompleted:
                task.Succeed(answer.TaskCompleted.Result);
                break;
            case HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceCompleted:
                task.Succeed(answer.ChildWorkflowInstanceCompleted.Result);
                break;
            case HistoryEvent.EventTypeOneofCase.TimerFired:
                task.Succeed(null);
                break;
            case HistoryEvent.EventTypeOneofCase.TaskFailed:
                task.Fail(Failures.Read(answer.TaskFailed.FailureDetails) ?? new(ErrorTypes.Unknown, "The activity did not say why."));
                break;
            case HistoryEvent.EventTypeOneofCase.ChildWorkflowInstanceFailed:
                task.Fail(Failures.Read(answer.ChildWorkflowInstanceFailed.FailureDetails) ?? new(ErrorTypes.Unknown, "It was terminated."));
                break;
        }
    }

    private DateTime After(TimeSpan delay) => delay < Never - _now ? _now + delay : Never;

    private WorkflowAction Routed(WorkflowAction action, WorkflowTaskOptions? options)
    {
        if (options?.TargetAppId is not { Length: > 0 } target)
            return action;
        action.Router = new() { SourceAppID = _appId ?? "", TargetAppID = target };
        // Where sidecars looked for it up to 1.17.
        if (action.ScheduleTask is { } task)
            task.Router = action.Router;
        if (action.CreateChildWorkflow is { } child)
            child.Router = action.Router;
        return action;
    }

    private static KestrelVoice.TaskHub.HistoryPropagationScope? ScopeOf(WorkflowTaskOptions? options) => options?.PropagationScope switch
    {
        HistoryPropagationScope.OwnHistory => KestrelVoice.TaskHub.HistoryPropagationScope.OwnHistory,
        HistoryPropagationScope.Lineage => KestrelVoice.TaskHub.HistoryPropagationScope.Lineage,
        _ => null,
    };

    private bool IsHere => !_isOver && Environment.CurrentManagedThreadId == _thread;

    private void Guard()
    {
        if (IsHere)
            return;
        _hasStrayed = true;
        throw new InvalidOperationException("A workflow's context serves only the workflow's own code, which awaits nothing but tasks of its context.");
    }

    // Tokens are looked at rather than listened to: CancelAsync would call from another thread.
    private void CancelWith(Action cancel, CancellationToken token)
    {
        if (token.CanBeCanceled)
            _cancellable.Add((token, cancel));
    }

    private void PassCancellations()
    {
        while (_cancellable.FindIndex(wait => wait.Token.IsCancellationRequested) is >= 0 and var index)
        {
            var cancel = _cancellable[index].Cancel;
            _cancellable.RemoveAt(index);
            cancel();
        }
    }
}
