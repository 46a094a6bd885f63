using System.Collections.Concurrent;
using Dapr.Workflow.Serialization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using KestrelVoice.TaskHub;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dapr.Workflow.Worker;

/// <summary>
/// Takes work from the sidecar and answers it. The sidecar sends again what was lost with a connection, so nothing here outlives the process; it also cuts
/// whoever does not read, so the loop that reads never waits for work.
/// </summary>
internal sealed partial class WorkflowWorker : BackgroundService
{
    private static readonly TimeSpan HelloInterval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MinReconnectPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan MaxReconnectPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SettledAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan MinDeliveryPause = TimeSpan.FromMilliseconds(250);
    private const int DeliveryAttempts = 5;

    private readonly TaskHubChannel _channel;
    private readonly WorkflowRuntimeOptions _options;
    private readonly IWorkflowSerializer _serializer;
    private readonly IServiceScopeFactory _scopes;
    private readonly TimeProvider _clock;
    private readonly Random _random;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _turnGate;
    private readonly SemaphoreSlim _activityGate;
    private readonly ActivityRuns _activities;

    // What was begun; the values are of no account.
    private readonly ConcurrentDictionary<Task, bool> _running = [];

    public WorkflowWorker(
        TaskHubChannel channel,
        IOptions<WorkflowRuntimeOptions> options,
        IWorkflowSerializer serializer,
        IServiceScopeFactory scopes,
        TimeProvider clock,
        Random random,
        ILoggerFactory loggers)
    {
        (_channel, _options, _serializer, _scopes, _clock, _random, _loggers) = (channel, options.Value, serializer, scopes, clock, random, loggers);
        _logger = loggers.CreateLogger("Dapr.Workflow");
        _turnGate = new(_options.MaxConcurrentWorkflows);
        _activityGate = new(_options.MaxConcurrentActivities);
        _activities = new(_options.Registry, serializer, scopes);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_options.Registry.IsEmpty)
            return;
        // Results are delivered on the connection that their work came by, so it stays open until what was begun has ended.
        using var drained = new CancellationTokenSource();
        var connection = StayConnectedAsync(stoppingToken, drained.Token);
        await Task.WhenAny(connection, Task.Delay(Timeout.InfiniteTimeSpan, _clock, stoppingToken));
        await DrainAsync();
        await drained.CancelAsync();
        await connection;
    }

    private async Task DrainAsync()
    {
        if (_running.IsEmpty)
            return;
        LogDraining(_running.Count);
        using var patience = new CancellationTokenSource(_options.DrainTimeout, _clock);
        while (!_running.IsEmpty && !patience.IsCancellationRequested)
            await Task.WhenAll(_running.Keys).WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!_running.IsEmpty)
            LogAbandoned(_running.Count);
    }

    private async Task StayConnectedAsync(CancellationToken stopping, CancellationToken drained)
    {
        var pause = MinReconnectPause;
        var outage = new Outage();
        while (!stopping.IsCancellationRequested)
        {
            var since = _clock.GetTimestamp();
            var reason = await ServeAsync(outage, stopping, drained);
            if (stopping.IsCancellationRequested)
                return;
            if (outage.Begin())
                LogDisconnected(_channel.Endpoint, reason);
            if (_clock.GetElapsedTime(since) >= SettledAfter)
                pause = MinReconnectPause;
            await Task.Delay(pause * (0.5 + _random.NextDouble()), _clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 < MaxReconnectPause ? pause * 2 : MaxReconnectPause;
        }
    }

    /// <summary>Returns when the stream is over, with the reason.</summary>
    private async Task<string> ServeAsync(Outage outage, CancellationToken stopping, CancellationToken drained)
    {
        // Everything that belongs to this connection ends with it; what waits for its turn ends with the process too.
        using var connected = CancellationTokenSource.CreateLinkedTokenSource(drained);
        using var accepting = CancellationTokenSource.CreateLinkedTokenSource(connected.Token, stopping);
        try
        {
            await HelloAsync(connected.Token);
            using var call = _channel.Client.GetWorkItems(new GetWorkItemsRequest(), cancellationToken: connected.Token);
            var alive = StayAliveAsync(outage, connected);
            try
            {
                await foreach (var item in call.ResponseStream.ReadAllAsync(connected.Token))
                {
                    EndOutage(outage);
                    Begin(item, connected.Token, accepting.Token);
                }
                return "the sidecar ended the stream";
            }
            finally
            {
                await connected.CancelAsync();
                await alive;
            }
        }
        catch (RpcException failure)
        {
            return failure.StatusCode.ToString();
        }
        catch (OperationCanceledException)
        {
            return "the sidecar does not answer";
        }
    }

    // The sidecar says nothing while there is no work; that the stream holds is seen by its not breaking.
    private async Task StayAliveAsync(Outage outage, CancellationTokenSource connected)
    {
        try
        {
            await Task.Delay(SettledAfter, _clock, connected.Token);
            EndOutage(outage);
            while (true)
            {
                await Task.Delay(HelloInterval, _clock, connected.Token);
                await HelloAsync(connected.Token);
            }
        }
        catch (Exception failure) when (failure is RpcException or OperationCanceledException)
        {
            await connected.CancelAsync();
        }
    }

    private async Task HelloAsync(CancellationToken token)
    {
        using var deadline = new CancellationTokenSource(CallTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(token, deadline.Token);
        await _channel.Client.HelloAsync(new Empty(), cancellationToken: either.Token);
    }

    private void EndOutage(Outage outage)
    {
        if (outage.End())
            LogConnected(_channel.Endpoint);
    }

    private void Begin(WorkItem item, CancellationToken connected, CancellationToken accepting)
    {
        switch (item.RequestCase)
        {
            case WorkItem.RequestOneofCase.WorkflowRequest:
                _ = RunAsync(_turnGate, item.WorkflowRequest.InstanceId, () => TakeTurnAsync(item.WorkflowRequest, item.CompletionToken, connected), accepting);
                break;
            case WorkItem.RequestOneofCase.ActivityRequest when _activities.Find(item.ActivityRequest) is { } running:
                _ = TrackAsync(
                    item.ActivityRequest.WorkflowInstance?.InstanceId ?? "",
                    Task.Run(() => AnswerActivityAsync(running, item.ActivityRequest, item.CompletionToken), CancellationToken.None));
                break;
            case WorkItem.RequestOneofCase.ActivityRequest:
                _ = RunAsync(
                    _activityGate,
                    item.ActivityRequest.WorkflowInstance?.InstanceId ?? "",
                    () => AnswerActivityAsync(_activities.RunAsync(item.ActivityRequest), item.ActivityRequest, item.CompletionToken),
                    accepting);
                break;
            default:
                LogUnknownItem();
                break;
        }
    }

    private async Task RunAsync(SemaphoreSlim gate, string instanceId, Func<Task> work, CancellationToken accepting)
    {
        var entrance = gate.WaitAsync(accepting);
        await entrance.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!entrance.IsCompletedSuccessfully)
            return;
        // Not begun is not lost: the sidecar sends it again, on another connection.
        if (!accepting.IsCancellationRequested)
            await TrackAsync(instanceId, Task.Run(work, CancellationToken.None));
        gate.Release();
    }

    private async Task TrackAsync(string instanceId, Task run)
    {
        _running.TryAdd(run, true);
        try
        {
            await run;
        }
        catch (Exception failure)
        {
            // Unanswered it stays with the sidecar, which a worker that knows better will find it with.
            LogBug(instanceId, failure);
        }
        _running.TryRemove(run, out _);
    }

    private async Task TakeTurnAsync(WorkflowRequest request, string completionToken, CancellationToken connected)
    {
        await using var scope = _scopes.CreateAsyncScope();
        var response = Turn.Run(request, completionToken, name => _options.Registry.MakeWorkflow(name, scope.ServiceProvider), _serializer, _loggers);
        if (response.CalculateSize() is var size && size > _channel.MaxSendMessageSize)
            response = new()
            {
                InstanceId = response.InstanceId,
                CompletionToken = completionToken,
                Actions = { new WorkflowAction { Id = -1, CompleteWorkflow = new() { WorkflowStatus = OrchestrationStatus.Failed, FailureDetails = TooLarge(size) } } },
            };
        // A sidecar that has lost the connection has sent the turn to somebody else, perhaps with more events, and could take this answer for that one's.
        if (!connected.IsCancellationRequested)
            await DeliverAsync("turn", request.InstanceId, token => _channel.Client.CompleteOrchestratorTaskAsync(response, cancellationToken: token));
    }

    private async Task AnswerActivityAsync(Task<ActivityResponse> run, ActivityRequest request, string completionToken)
    {
        var response = new ActivityResponse(await run) { CompletionToken = completionToken };
        if (response.CalculateSize() is var size && size > _channel.MaxSendMessageSize)
            (response.Result, response.FailureDetails) = (null, TooLarge(size));
        if (response.FailureDetails is { } details)
            LogActivityFailed(request.Name, request.TaskId, response.InstanceId, details.ErrorType);
        await DeliverAsync("activity result", response.InstanceId, token => _channel.Client.CompleteActivityTaskAsync(response, cancellationToken: token));
    }

    private TaskFailureDetails TooLarge(int size) => Failures.Of(
        ErrorTypes.PayloadTooLarge, $"The answer has {size} bytes, and a message to the sidecar at most {_channel.MaxSendMessageSize}.", isNonRetriable: true);

    // Whatever becomes of an answer, there is never another: the sidecar may have taken the first and said so in vain.
    private async Task DeliverAsync(string what, string instanceId, Func<CancellationToken, AsyncUnaryCall<CompleteTaskResponse>> send)
    {
        var pause = MinDeliveryPause;
        for (var attempt = 1; ; attempt++, pause *= 2)
        {
            using var deadline = new CancellationTokenSource(CallTimeout, _clock);
            try
            {
                await send(deadline.Token);
                return;
            }
            catch (RpcException failure) when (failure.StatusCode is StatusCode.Unavailable && attempt < DeliveryAttempts)
            {
                await Task.Delay(pause * (0.5 + _random.NextDouble()), _clock, CancellationToken.None);
            }
            catch (RpcException failure)
            {
                LogUndelivered(what, instanceId, failure.StatusCode.ToString());
                return;
            }
            catch (OperationCanceledException)
            {
                LogUndelivered(what, instanceId, "it did not answer in time");
                return;
            }
        }
    }

    /// <summary>So that each outage is told once, and so is its end.</summary>
    private sealed class Outage
    {
        private int _state;

        public bool Begin() => Interlocked.Exchange(ref _state, Out) != Out;

        public bool End() => Interlocked.Exchange(ref _state, In) != In;

        private const int In = 1;
        private const int Out = 2;
    }

    [LoggerMessage(LogLevel.Information, "Workflows are served from the sidecar at {Endpoint}.")]
    private partial void LogConnected(Uri endpoint);

    [LoggerMessage(LogLevel.Warning, "No workflows are served: the sidecar at {Endpoint} is not reached ({Reason}). Trying on.")]
    private partial void LogDisconnected(Uri endpoint, string reason);

    [LoggerMessage(LogLevel.Information, "Waiting for {Count} running workflow steps before stopping.")]
    private partial void LogDraining(int count);

    [LoggerMessage(LogLevel.Warning, "{Count} workflow steps did not end in time; they will be run again.")]
    private partial void LogAbandoned(int count);

    [LoggerMessage(LogLevel.Information, "Activity {Name} (step {Step}) of {InstanceId} failed: {ErrorType}.")]
    private partial void LogActivityFailed(string name, int step, string instanceId, string errorType);

    [LoggerMessage(LogLevel.Warning, "The sidecar did not take the {What} of {InstanceId}: {Reason}.")]
    private partial void LogUndelivered(string what, string instanceId, string reason);

    [LoggerMessage(LogLevel.Debug, "The sidecar sent work of a kind that this version does not know.")]
    private partial void LogUnknownItem();

    [LoggerMessage(LogLevel.Error, "A step of workflow {InstanceId} could not be answered.")]
    private partial void LogBug(string instanceId, Exception failure);
}
