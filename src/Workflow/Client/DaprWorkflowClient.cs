using System.Diagnostics;
using Dapr.Workflow.Serialization;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using KestrelVoice.TaskHub;

namespace Dapr.Workflow;

/// <inheritdoc cref="IDaprWorkflowClient"/>
public sealed class DaprWorkflowClient : IDaprWorkflowClient
{
    private static readonly TimeSpan MinPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(15);

    private readonly TaskHubChannel _channel;
    private readonly IWorkflowSerializer _serializer;
    private readonly TimeProvider _clock;
    private readonly bool _ownsChannel;

    internal DaprWorkflowClient(TaskHubChannel channel, IWorkflowSerializer serializer, TimeProvider clock, bool ownsChannel = false) =>
        (_channel, _serializer, _clock, _ownsChannel) = (channel, serializer, clock, ownsChannel);

    /// <inheritdoc/>
    public Task<string> ScheduleNewWorkflowAsync(string name, string? instanceId = null, object? input = null) =>
        ScheduleNewWorkflowAsync(name, instanceId, input, (DateTimeOffset?)null);

    /// <inheritdoc/>
    public Task<string> ScheduleNewWorkflowAsync(string name, string? instanceId, object? input, DateTime? startTime) =>
        ScheduleNewWorkflowAsync(name, instanceId, input, startTime is { } time ? new DateTimeOffset(time) : null);

    /// <inheritdoc/>
    public async Task<string> ScheduleNewWorkflowAsync(
        string name, string? instanceId, object? input, DateTimeOffset? startTime, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var request = new CreateInstanceRequest
        {
            InstanceId = string.IsNullOrEmpty(instanceId) ? Guid.CreateVersion7(_clock.GetUtcNow()).ToString() : instanceId,
            Name = name,
            Input = _serializer.Serialize(input),
            ScheduledStartTimestamp = startTime?.ToTimestamp(),
            ParentTraceContext = Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } id } activity
                ? new() { TraceParent = id, SpanID = activity.SpanId.ToHexString(), TraceState = activity.TraceStateString }
                : null,
        };
        return (await _channel.Client.StartInstanceAsync(request, cancellationToken: cancellation)).InstanceId;
    }

    /// <inheritdoc/>
    public async Task<WorkflowState?> GetWorkflowStateAsync(string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default)
    {
        try
        {
            return Read(await _channel.Client.GetInstanceAsync(RequestFor(instanceId, getInputsAndOutputs), cancellationToken: cancellation));
        }
        catch (RpcException failure) when (IsMissing(failure))
        {
            return new WorkflowState(null, _serializer);
        }
    }

    /// <inheritdoc/>
    public Task<WorkflowState> WaitForWorkflowStartAsync(string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default) =>
        WaitAsync(instanceId, getInputsAndOutputs, (request, token) => _channel.Client.WaitForInstanceStartAsync(request, cancellationToken: token), cancellation);

    /// <inheritdoc/>
    public Task<WorkflowState> WaitForWorkflowCompletionAsync(string instanceId, bool getInputsAndOutputs = true, CancellationToken cancellation = default) =>
        WaitAsync(instanceId, getInputsAndOutputs, (request, token) => _channel.Client.WaitForInstanceCompletionAsync(request, cancellationToken: token), cancellation);

    /// <inheritdoc/>
    public async Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        ArgumentException.ThrowIfNullOrEmpty(eventName);
        await _channel.Client.RaiseEventAsync(
            new RaiseEventRequest { InstanceId = instanceId, Name = eventName, Input = _serializer.Serialize(eventPayload) }, cancellationToken: cancellation);
    }

    /// <inheritdoc/>
    public async Task TerminateWorkflowAsync(string instanceId, object? output = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        await _channel.Client.TerminateInstanceAsync(
            new TerminateRequest { InstanceId = instanceId, Output = _serializer.Serialize(output), Recursive = true }, cancellationToken: cancellation);
    }

    /// <inheritdoc/>
    public async Task SuspendWorkflowAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        await _channel.Client.SuspendInstanceAsync(new SuspendRequest { InstanceId = instanceId, Reason = reason }, cancellationToken: cancellation);
    }

    /// <inheritdoc/>
    public async Task ResumeWorkflowAsync(string instanceId, string? reason = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        await _channel.Client.ResumeInstanceAsync(new ResumeRequest { InstanceId = instanceId, Reason = reason }, cancellationToken: cancellation);
    }

    /// <inheritdoc/>
    public async Task<bool> PurgeInstanceAsync(string instanceId, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        try
        {
            var purged = await _channel.Client.PurgeInstancesAsync(
                new PurgeInstancesRequest { InstanceId = instanceId, Recursive = true }, cancellationToken: cancellation);
            return purged.DeletedInstanceCount > 0;
        }
        catch (RpcException failure) when (IsMissing(failure))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async Task<WorkflowInstancePage> ListInstanceIdsAsync(string? continuationToken = null, int? pageSize = null, CancellationToken cancellation = default)
    {
        var request = new ListInstanceIDsRequest();
        if (continuationToken is not null)
            request.ContinuationToken = continuationToken;
        if (pageSize is { } size)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(size, nameof(pageSize));
            request.PageSize = (uint)size;
        }
        var page = await _channel.Client.ListInstanceIDsAsync(request, cancellationToken: cancellation);
        return new([.. page.InstanceIds], page is { HasContinuationToken: true, ContinuationToken: { Length: > 0 } next } ? next : null);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<WorkflowHistoryEvent>> GetInstanceHistoryAsync(string instanceId, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        var history = await _channel.Client.GetInstanceHistoryAsync(new GetInstanceHistoryRequest { InstanceId = instanceId }, cancellationToken: cancellation);
        return [.. history.Events.Select(happened => new WorkflowHistoryEvent(
            happened.EventId, happened.EventTypeCase.ToString(), happened.Timestamp?.ToDateTimeOffset() ?? default))];
    }

    /// <inheritdoc/>
    public async Task<string> RerunWorkflowFromEventAsync(
        string instanceId, uint eventId, RerunWorkflowFromEventOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        var request = new RerunWorkflowFromEventRequest { SourceInstanceID = instanceId, EventID = eventId, OverwriteInput = options is { OverwriteInput: true } };
        if (options is { NewInstanceId: { Length: > 0 } newInstanceId })
            request.NewInstanceID = newInstanceId;
        if (options is { OverwriteInput: true })
            request.Input = _serializer.Serialize(options.Input);
        return (await _channel.Client.RerunWorkflowFromEventAsync(request, cancellationToken: cancellation)).NewInstanceID;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (_ownsChannel)
            _channel.Dispose();
        return ValueTask.CompletedTask;
    }

    // The sidecar may give up waiting, or be away for a moment, before the caller does.
    private async Task<WorkflowState> WaitAsync(
        string instanceId, bool getInputsAndOutputs, Func<GetInstanceRequest, CancellationToken, AsyncUnaryCall<GetInstanceResponse>> wait, CancellationToken cancellation)
    {
        var request = RequestFor(instanceId, getInputsAndOutputs);
        for (var pause = MinPause; ; pause = pause * 2 < MaxPause ? pause * 2 : MaxPause)
        {
            try
            {
                return Read(await wait(request, cancellation));
            }
            catch (Exception failure) when (IsPassing(failure) && !cancellation.IsCancellationRequested)
            {
                await Task.Delay(pause, _clock, cancellation);
            }
        }
    }

    // A deadline of the sidecar's own arrives as a cancellation.
    private static bool IsPassing(Exception failure) =>
        failure is OperationCanceledException or RpcException { StatusCode: StatusCode.DeadlineExceeded or StatusCode.Unavailable };

    private static GetInstanceRequest RequestFor(string instanceId, bool getInputsAndOutputs)
    {
        ArgumentException.ThrowIfNullOrEmpty(instanceId);
        return new() { InstanceId = instanceId, GetInputsAndOutputs = getInputsAndOutputs };
    }

    private WorkflowState Read(GetInstanceResponse response) => new(response.Exists ? response.WorkflowState : null, _serializer);

    // A missing instance is an answer since 1.16 and was an error before.
    private static bool IsMissing(RpcException failure) =>
        failure.StatusCode is StatusCode.NotFound || failure.Status.Detail.Contains("no such instance exists", StringComparison.OrdinalIgnoreCase);
}
