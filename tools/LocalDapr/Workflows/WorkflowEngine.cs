using Grpc.Core;
using KestrelVoice.LocalDapr.Resources;
using KestrelVoice.LocalDapr.Storage;
using KestrelVoice.TaskHub;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>
/// Runs the workflows of one app: hands turns and activities to whichever worker is free, one turn an instance at a time, and
/// writes down what they answer before it says thanks. In memory is only what is ready or under way; what waits, waits on disk.
/// </summary>
internal sealed partial class WorkflowEngine : IAsyncDisposable
{
    // daprd stalls what it could not send either.
    private const double LargestShare = 0.95;
    private static readonly TimeSpan s_redelivery = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Queue<string> _readyTurns = [];
    private readonly HashSet<string> _ready = new(StringComparer.Ordinal);
    private readonly Queue<ActivityKey> _readyActivities = [];
    private readonly Dictionary<string, TurnInFlight> _turns = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Id, int Task), List<ActivityInFlight>> _activities = [];
    private readonly List<WorkerStream> _streams = [];
    private readonly News _news = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Alarm _alarm;
    private readonly WorkflowStore _store;
    private readonly string _app;
    private readonly WorkflowLimits _limits;
    private readonly int _largestItem;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private int _activitiesInFlight;

    public WorkflowEngine(string app, int maxBodySize, WorkflowLimits limits, Journal journal, TimeProvider clock, ILogger logger)
    {
        (_app, _limits, _clock, _logger) = (app, limits, clock, logger);
        _largestItem = (int)(maxBodySize * LargestShare);
        _store = new WorkflowStore(journal, app, limits, clock);
        _alarm = new Alarm(clock, RingAsync);
    }

    public int ConnectedWorkers
    {
        get
        {
            lock (_gate)
                return _streams.Count;
        }
    }

    /// <summary>Takes up what the last run left, or forgets it.</summary>
    public async Task StartAsync(bool forget)
    {
        if (forget)
            await _store.ForgetAsync();
        Follow(_store.Unfinished());
    }

    /// <summary>Gives a worker work until it leaves.</summary>
    public async Task ServeAsync(IServerStreamWriter<WorkItem> writer, CancellationToken cancellationToken)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        var stream = new WorkerStream(writer);
        LogConnected(_app);
        lock (_gate)
        {
            _streams.Add(stream);
            Distribute();
        }
        try
        {
            // Perhaps this worker can do what those before it could not.
            foreach (var stalled in _store.Stalled())
                Wake(stalled);
            await stream.SendAsync(PrepareAsync, leaving.Token);
        }
        catch (OperationCanceledException) when (leaving.IsCancellationRequested)
        {
        }
#pragma warning disable CA1031 // Whatever broke the stream, its work goes to another.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogBroken(_app, exception.Message);
        }
        finally
        {
            Leave(stream);
        }
    }

    /// <summary>Takes a worker's answer to a turn; returns once it is on disk. An answer that nobody awaits is dropped.</summary>
    public async Task AnswerAsync(WorkflowResponse response)
    {
        TurnInFlight? flight;
        lock (_gate)
        {
            if (!_turns.TryGetValue(response.InstanceId, out flight) || flight.Turn is null || !flight.MayBeAnsweredWith(response.CompletionToken))
            {
                LogUnawaited(_app, response.InstanceId);
                return;
            }
            flight.Answered = true;
        }
        var turn = flight.Turn!;
        try
        {
            var outcome = TurnOutcome.Of(turn, response, _app, _clock.GetUtcNow());
            if (outcome.Stall is { } stall)
                LogStalled(_app, turn.Id, stall.Description);
            var after = await _store.CommitAsync(turn, outcome, response.CustomStatus);
            Finish(flight, again: after is null && outcome.Stall is null);
            if (after is not null)
                Follow(after);
        }
        catch
        {
            flight.Answered = false;
            Redeliver([flight]);
            throw;
        }
    }

    /// <summary>Takes a worker's answer to an activity, the first of them.</summary>
    public async Task AnswerAsync(ActivityResponse response)
    {
        ActivityInFlight? flight;
        lock (_gate)
        {
            // Where no token tells, the one that has run longest.
            flight = _activities.GetValueOrDefault((response.InstanceId, response.TaskId))?.Find(candidate => candidate.MayBeAnsweredWith(response.CompletionToken));
            if (flight?.Scheduled is null)
            {
                LogUnawaited(_app, response.InstanceId);
                return;
            }
            flight.Answered = true;
        }
        var execution = flight.Scheduled.TaskExecutionId;
        var answer = response.FailureDetails is { } failure
            ? new HistoryEvent { TaskFailed = new TaskFailedEvent { TaskScheduledId = response.TaskId, FailureDetails = failure, TaskExecutionId = execution } }
            : new HistoryEvent { TaskCompleted = new TaskCompletedEvent { TaskScheduledId = response.TaskId, Result = response.Result, TaskExecutionId = execution } };
        try
        {
            var after = await _store.AnswerAsync(flight.Key, answer);
            Finish(flight, again: false);
            if (after is not null)
                Follow(after);
        }
        catch
        {
            flight.Answered = false;
            Redeliver([flight]);
            throw;
        }
    }

    /// <summary>Takes no further work to anybody, and ends every wait.</summary>
    public Task StopAsync() => _stopping.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _alarm.DisposeAsync();
        _stopping.Dispose();
    }

    private Task<WorkItem?> PrepareAsync(InFlight flight) => flight switch
    {
        TurnInFlight turn => PrepareAsync(turn),
        ActivityInFlight activity => Task.FromResult(Prepare(activity)),
        _ => throw new InvalidOperationException("neither a turn nor an activity was given out"),
    };

    private async Task<WorkItem?> PrepareAsync(TurnInFlight flight)
    {
        if (_store.NextTurn(flight.Id) is not { } turn)
        {
            Finish(flight, again: false);
            return null;
        }
        var item = new WorkItem
        {
            WorkflowRequest = new WorkflowRequest
            {
                InstanceId = turn.Id,
                ExecutionId = turn.Started.WorkflowInstance.ExecutionId,
                PastEvents = { turn.Past },
                NewEvents = { turn.New },
            },
            CompletionToken = flight.Token,
        };
        if (item.CalculateSize() > _largestItem)
        {
            var stall = new Stall(StalledReason.PayloadSizeExceeded, "the history of the instance is larger than what can be sent to its worker");
            LogStalled(_app, turn.Id, stall.Description);
            var after = await _store.StallAsync(turn, stall);
            Finish(flight, again: false);
            Follow(after);
            return null;
        }
        lock (_gate)
            flight.Turn = turn;
        return item;
    }

    private WorkItem? Prepare(ActivityInFlight flight)
    {
        if (_store.FindActivity(flight.Key) is not { } scheduled)
        {
            Finish(flight, again: false);
            return null;
        }
        lock (_gate)
            flight.Scheduled = scheduled;
        return new WorkItem
        {
            ActivityRequest = new ActivityRequest
            {
                Name = scheduled.Name,
                Version = scheduled.Version,
                Input = scheduled.Input,
                WorkflowInstance = new WorkflowInstance { InstanceId = flight.Key.Id },
                TaskId = flight.Key.Task,
                TaskExecutionId = scheduled.TaskExecutionId,
                ParentTraceContext = scheduled.ParentTraceContext,
            },
            CompletionToken = flight.Token,
        };
    }

    /// <summary>Gives what is ready to the workers there are, always to the one that has least to do. Within the gate.</summary>
    private void Distribute()
    {
        while (_streams.Count > 0 && _readyTurns.Count > 0 && _turns.Count < (_limits.Turns ?? int.MaxValue))
        {
            var id = _readyTurns.Dequeue();
            _ready.Remove(id);
            var flight = new TurnInFlight(id, LeastBusy(), NewToken());
            _turns.Add(id, flight);
            flight.Stream.Give(flight);
        }
        while (_streams.Count > 0 && _readyActivities.Count > 0 && _activitiesInFlight < (_limits.Activities ?? int.MaxValue))
        {
            var key = _readyActivities.Dequeue();
            var flight = new ActivityInFlight(key, LeastBusy(), NewToken());
            if (!_activities.TryGetValue((key.Id, key.Task), out var flights))
                _activities.Add((key.Id, key.Task), flights = []);
            flights.Add(flight);
            _activitiesInFlight++;
            flight.Stream.Give(flight);
        }
    }

    private WorkerStream LeastBusy()
    {
        var stream = _streams.MinBy(candidate => candidate.Load)!;
        stream.Load++;
        return stream;
    }

    private void Finish(TurnInFlight flight, bool again)
    {
        lock (_gate)
        {
            if (_turns.GetValueOrDefault(flight.Id) != flight)
                return;
            _turns.Remove(flight.Id);
            flight.Stream.Load--;
            if (again || flight.WokenAgain)
                Wake(flight.Id);
            Distribute();
        }
    }

    private void Finish(ActivityInFlight flight, bool again)
    {
        lock (_gate)
        {
            var place = (flight.Key.Id, flight.Key.Task);
            if (!_activities.TryGetValue(place, out var flights) || !flights.Remove(flight))
                return;
            if (flights.Count == 0)
                _activities.Remove(place);
            _activitiesInFlight--;
            flight.Stream.Load--;
            if (again)
                _readyActivities.Enqueue(flight.Key);
            Distribute();
        }
    }

    private void Wake(string id)
    {
        lock (_gate)
        {
            if (_turns.TryGetValue(id, out var flight))
            {
                flight.WokenAgain = true;
            }
            else if (_ready.Add(id))
            {
                _readyTurns.Enqueue(id);
                Distribute();
            }
        }
    }

    private void Leave(WorkerStream stream)
    {
        InFlight[] lost;
        lock (_gate)
        {
            _streams.Remove(stream);
            lost = [.. _turns.Values.Concat<InFlight>(_activities.Values.SelectMany(flights => flights)).Where(flight => flight.Stream == stream && !flight.Answered)];
        }
        LogDisconnected(_app, lost.Length);
        if (lost.Length > 0 && !_stopping.IsCancellationRequested)
            Redeliver(lost);
    }

    // Not at once: a worker that has only lost its connection may still answer on its next.
    private void Redeliver(InFlight[] lost) => _ = Task.Run(async () =>
    {
        try
        {
            await Task.Delay(s_redelivery, _clock, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        foreach (var flight in lost)
        {
            switch (flight)
            {
                case { Answered: true }:
                    break;
                case TurnInFlight turn:
                    Finish(turn, again: true);
                    break;
                case ActivityInFlight activity:
                    Finish(activity, again: true);
                    break;
                default:
                    throw new InvalidOperationException("neither a turn nor an activity was lost");
            }
        }
    });

    private async Task<long?> RingAsync()
    {
        try
        {
            var (next, after) = await _store.FireAsync();
            Follow(after);
            return next;
        }
        catch (Exception exception)
        {
            LogLate(_app, exception.Message);
            throw;
        }
    }

    private void Follow(Aftermath after)
    {
        if (after.Gone.Count > 0)
            Forget(after.Gone);
        lock (_gate)
        {
            foreach (var activity in after.Activities)
                _readyActivities.Enqueue(activity);
            Distribute();
        }
        foreach (var id in after.Woken)
            Wake(id);
        foreach (var id in after.Changed)
            _news.Announce(id);
        if (after.Due is { } due)
            _alarm.SetFor(due);
    }

    private void Forget(HashSet<string> gone)
    {
        lock (_gate)
        {
            foreach (var flight in _turns.Values.Where(flight => gone.Contains(flight.Id)).ToArray())
                Finish(flight, again: flight.WokenAgain);
            foreach (var flight in _activities.Values.SelectMany(flights => flights).Where(flight => gone.Contains(flight.Key.Id)).ToArray())
                Finish(flight, again: false);
        }
    }

    private string NewToken() => Guid.CreateVersion7(_clock.GetUtcNow()).ToString("N");

    [LoggerMessage(LogLevel.Information, "A worker of {AppId} is connected")]
    private partial void LogConnected(string appId);

    [LoggerMessage(LogLevel.Information, "A worker of {AppId} has left; {Items} items it had are given out again")]
    private partial void LogDisconnected(string appId, int items);

    [LoggerMessage(LogLevel.Warning, "The stream to a worker of {AppId} broke: {Reason}")]
    private partial void LogBroken(string appId, string reason);

    [LoggerMessage(LogLevel.Information, "{AppId} answered for {InstanceId}, which does not await it; dropped")]
    private partial void LogUnawaited(string appId, string instanceId);

    [LoggerMessage(LogLevel.Error, "Timers of {AppId} are late: {Reason}")]
    private partial void LogLate(string appId, string reason);

    [LoggerMessage(LogLevel.Warning, "Workflow {InstanceId} of {AppId} is stalled: {Reason}")]
    private partial void LogStalled(string appId, string instanceId, string reason);
}
