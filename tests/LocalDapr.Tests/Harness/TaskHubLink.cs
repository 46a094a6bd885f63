using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Net.Client;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Tests.Harness;

/// <summary>A workflow client, and a worker on the bare wire that does what a test says and nothing else.</summary>
internal sealed class TaskHubLink : IAsyncDisposable
{
    private readonly GrpcChannel _channel;
    private readonly Metadata _headers = [];
    private readonly CancellationTokenSource _leaving = new();
    private AsyncServerStreamingCall<WorkItem>? _stream;
    private int _answered;

    public TaskHubLink(int port, string? token = null)
    {
        _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}", new GrpcChannelOptions { MaxReceiveMessageSize = null });
        if (token is not null)
            _headers.Add("dapr-api-token", token);
        Client = new TaskHubSidecarService.TaskHubSidecarServiceClient(_channel);
    }

    public static async Task<TaskHubLink> ConnectAsync(DaprRun run, string appId = "host")
    {
        var hub = new TaskHubLink(run.GrpcPort(appId));
        await hub.ConnectAsync();
        return hub;
    }

    public TaskHubSidecarService.TaskHubSidecarServiceClient Client { get; }

    /// <summary>Every item that came, in order.</summary>
    public ConcurrentQueue<WorkItem> Seen { get; } = [];

    /// <summary>How many answers the sidecar has taken from <see cref="ServeAsync"/>.</summary>
    public int Answered => Volatile.Read(ref _answered);

    public CallOptions Options => new(_headers, DateTime.MaxValue.ToUniversalTime(), TestContext.Current.CancellationToken);

    public async Task ConnectAsync()
    {
        await Client.HelloAsync(new(), Options);
        _stream = Client.GetWorkItems(new GetWorkItemsRequest(), Options.WithCancellationToken(_leaving.Token));
        // Kestrel sends the headers with the first item only, so that readiness shows in nothing but work.
    }

    public async Task<WorkItem> NextAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(30));
        (await _stream!.ResponseStream.MoveNext(patience.Token)).ShouldBeTrue("the stream ended");
        Seen.Enqueue(_stream.ResponseStream.Current);
        return _stream.ResponseStream.Current;
    }

    public async Task<WorkflowRequest> NextTurnAsync() => (await NextAsync()).WorkflowRequest.ShouldNotBeNull();

    public async Task<ActivityRequest> NextActivityAsync() => (await NextAsync()).ActivityRequest.ShouldNotBeNull();

    /// <summary>Begins an instance without waiting for a worker to take it.</summary>
    public async Task StartAsync(string id, string input = "null", string name = "Work") =>
        await Client.StartInstanceAsync(
            new CreateInstanceRequest { InstanceId = id, Name = name, Input = input, ScheduledStartTimestamp = new() }, Options);

    public async Task RaiseAsync(string id, string name, string? input = null) =>
        await Client.RaiseEventAsync(new RaiseEventRequest { InstanceId = id, Name = name, Input = input }, Options);

    public async Task AnswerAsync(string id, params IEnumerable<WorkflowAction> actions) =>
        await Client.CompleteOrchestratorTaskAsync(new WorkflowResponse { InstanceId = id, Actions = { actions } }, Options);

    public async Task AnswerAsync(ActivityRequest activity, string result = "null") => await Client.CompleteActivityTaskAsync(
        new ActivityResponse { InstanceId = activity.WorkflowInstance.InstanceId, TaskId = activity.TaskId, Result = result }, Options);

    public async Task<WorkflowState?> StateAsync(string id) =>
        (await Client.GetInstanceAsync(new GetInstanceRequest { InstanceId = id, GetInputsAndOutputs = true }, Options)).WorkflowState;

    public async Task<WorkflowState> CompletedAsync(string id)
    {
        var request = new GetInstanceRequest { InstanceId = id, GetInputsAndOutputs = true };
        return (await Client.WaitForInstanceCompletionAsync(request, Options.WithDeadline(DateTime.MaxValue.ToUniversalTime()))).WorkflowState;
    }

    public async Task<IReadOnlyList<HistoryEvent>> HistoryAsync(string id) =>
        (await Client.GetInstanceHistoryAsync(new GetInstanceHistoryRequest { InstanceId = id }, Options)).Events;

    /// <summary>Answers everything that comes as told, null being no answer, until this worker leaves.</summary>
    public Task ServeAsync(Func<WorkflowRequest, IEnumerable<WorkflowAction>?> turn, Func<ActivityRequest, Task<string?>>? activity = null) => Task.Run(async () =>
    {
        try
        {
            await foreach (var item in _stream!.ResponseStream.ReadAllAsync(_leaving.Token))
            {
                Seen.Enqueue(item);
                _ = HandleAsync(item, turn, activity);
            }
        }
        catch (RpcException)
        {
            // Cut off, by the test or with the sidecar.
        }
        catch (OperationCanceledException)
        {
        }
    });

    /// <summary>Breaks the stream, and nothing else.</summary>
    public async Task LeaveAsync()
    {
        await _leaving.CancelAsync();
        _stream?.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        _channel.Dispose();
        _leaving.Dispose();
    }

    private async Task HandleAsync(WorkItem item, Func<WorkflowRequest, IEnumerable<WorkflowAction>?> turn, Func<ActivityRequest, Task<string?>>? activity)
    {
        try
        {
            if (item.ActivityRequest is { } request)
            {
                if (await activity!(request) is not { } result)
                    return;
                await Client.CompleteActivityTaskAsync(
                    new ActivityResponse
                    {
                        InstanceId = request.WorkflowInstance.InstanceId,
                        TaskId = request.TaskId,
                        Result = result,
                        CompletionToken = item.CompletionToken,
                    },
                    Options);
                Interlocked.Increment(ref _answered);
                return;
            }
            if (turn(item.WorkflowRequest) is not { } actions)
                return;
            await Client.CompleteWorkflowTaskAsync(
                new WorkflowResponse { InstanceId = item.WorkflowRequest.InstanceId, Actions = { actions }, CompletionToken = item.CompletionToken }, Options);
            Interlocked.Increment(ref _answered);
        }
        catch (RpcException)
        {
            // The sidecar is gone, or this worker is: the item will be given out again.
        }
    }
}
