using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using KestrelVoice.TaskHub;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Workflow.Tests.Harness;

/// <summary>A sidecar on the wire that does what the test says, and nothing else.</summary>
internal sealed class ScriptedSidecar : IAsyncDisposable
{
    private readonly Channel<WorkStream> _streams = Channel.CreateUnbounded<WorkStream>();
    private readonly Channel<WorkflowResponse> _turns = Channel.CreateUnbounded<WorkflowResponse>();
    private readonly Channel<ActivityResponse> _activities = Channel.CreateUnbounded<ActivityResponse>();
    private WebApplication? _app;
    private int _port;
    private int _hellos;

    /// <summary>What it asks for, if anything.</summary>
    public string? Token { get; set; }

    /// <summary>What becomes of a completion; called once for each attempt to deliver it.</summary>
    public Func<int, Task> OnCompletion { get; set; } = _ => Task.CompletedTask;

    public Func<Task> OnHello { get; set; } = () => Task.CompletedTask;

    /// <summary>Answers of the client's calls, by the type of the request.</summary>
    public Dictionary<System.Type, Func<object, object>> Answers { get; } = [];

    public ConcurrentQueue<string> Paths { get; } = [];

    public ConcurrentQueue<object> Requests { get; } = [];

    public int Hellos => _hellos;

    public int Completions { get; private set; }

    public string Endpoint => $"http://127.0.0.1:{_port}";

    public static async Task<ScriptedSidecar> StartAsync()
    {
        var sidecar = new ScriptedSidecar();
        await sidecar.ListenAsync();
        return sidecar;
    }

    public async Task ListenAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, _port, listen => listen.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(new Service(this));
        var app = builder.Build();
        app.Use((context, next) =>
        {
            Paths.Enqueue(context.Request.Path);
            return next(context);
        });
        app.MapGrpcService<Service>();
        await app.StartAsync(TestContext.Current.CancellationToken);
        _port = new Uri(app.Urls.Single()).Port;
        _app = app;
    }

    /// <summary>Cuts all connections and leaves.</summary>
    public async Task StopAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app!.StopAsync(now.Token);
        await _app.DisposeAsync();
        _app = null;
    }

    public Task<WorkStream> StreamAsync() => Poll.Within(_streams.Reader.ReadAsync(TestContext.Current.CancellationToken), "a stream");

    public Task<WorkflowResponse> TurnAsync() => Poll.Within(_turns.Reader.ReadAsync(TestContext.Current.CancellationToken), "the answer to a turn");

    public Task<ActivityResponse> ActivityAsync() => Poll.Within(_activities.Reader.ReadAsync(TestContext.Current.CancellationToken), "the answer of an activity");

    public bool HasTurn => _turns.Reader.Count > 0;

    public bool HasActivity => _activities.Reader.Count > 0;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
            await StopAsync();
    }

    /// <summary>One call of GetWorkItems.</summary>
    internal sealed class WorkStream
    {
        private readonly Channel<WorkItem> _items = Channel.CreateUnbounded<WorkItem>();
        private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsClosed => _closed.Task.IsCompleted;

        public void Send(WorkItem item) => _items.Writer.TryWrite(item).ShouldBeTrue();

        public void Turn(WorkflowRequest request, string token = "t") => Send(new() { WorkflowRequest = request, CompletionToken = token });

        public void Activity(string name, int id = 0, string? input = null, string token = "t", string executionId = "", string instanceId = "order-1") => Send(new()
        {
            ActivityRequest = new() { Name = name, TaskId = id, Input = input, TaskExecutionId = executionId, WorkflowInstance = new() { InstanceId = instanceId } },
            CompletionToken = token,
        });

        /// <summary>A clean end, with trailers that say OK.</summary>
        public void End() => _items.Writer.Complete();

        public void Break() => _items.Writer.Complete(new RpcException(new Status(StatusCode.Unavailable, "moved")));

        public async Task ServeAsync(IServerStreamWriter<WorkItem> writer, CancellationToken gone)
        {
            try
            {
                await foreach (var item in _items.Reader.ReadAllAsync(gone))
                    await writer.WriteAsync(item, gone);
            }
            catch (OperationCanceledException)
            {
                // The worker left.
            }
            finally
            {
                _closed.TrySetResult();
            }
        }
    }

    private sealed class Service(ScriptedSidecar sidecar) : TaskHubSidecarService.TaskHubSidecarServiceBase
    {
        public override async Task<Empty> Hello(Empty request, ServerCallContext context)
        {
            Authenticate(context);
            Interlocked.Increment(ref sidecar._hellos);
            await sidecar.OnHello();
            return new();
        }

        public override async Task GetWorkItems(GetWorkItemsRequest request, IServerStreamWriter<WorkItem> responseStream, ServerCallContext context)
        {
            Authenticate(context);
            sidecar.Requests.Enqueue(request);
            var stream = new WorkStream();
            sidecar._streams.Writer.TryWrite(stream);
            await stream.ServeAsync(responseStream, context.CancellationToken);
        }

        public override async Task<CompleteTaskResponse> CompleteOrchestratorTask(WorkflowResponse request, ServerCallContext context)
        {
            Authenticate(context);
            await sidecar.OnCompletion(++sidecar.Completions);
            sidecar._turns.Writer.TryWrite(request);
            return new();
        }

        public override async Task<CompleteTaskResponse> CompleteActivityTask(ActivityResponse request, ServerCallContext context)
        {
            Authenticate(context);
            await sidecar.OnCompletion(++sidecar.Completions);
            sidecar._activities.Writer.TryWrite(request);
            return new();
        }

        public override Task<CreateInstanceResponse> StartInstance(CreateInstanceRequest request, ServerCallContext context) => Answer<CreateInstanceResponse>(request, context);

        public override Task<GetInstanceResponse> GetInstance(GetInstanceRequest request, ServerCallContext context) => Answer<GetInstanceResponse>(request, context);

        public override Task<GetInstanceResponse> WaitForInstanceStart(GetInstanceRequest request, ServerCallContext context) => Answer<GetInstanceResponse>(request, context);

        public override Task<GetInstanceResponse> WaitForInstanceCompletion(GetInstanceRequest request, ServerCallContext context) => Answer<GetInstanceResponse>(request, context);

        public override Task<RaiseEventResponse> RaiseEvent(RaiseEventRequest request, ServerCallContext context) => Answer<RaiseEventResponse>(request, context);

        public override Task<TerminateResponse> TerminateInstance(TerminateRequest request, ServerCallContext context) => Answer<TerminateResponse>(request, context);

        public override Task<SuspendResponse> SuspendInstance(SuspendRequest request, ServerCallContext context) => Answer<SuspendResponse>(request, context);

        public override Task<ResumeResponse> ResumeInstance(ResumeRequest request, ServerCallContext context) => Answer<ResumeResponse>(request, context);

        public override Task<PurgeInstancesResponse> PurgeInstances(PurgeInstancesRequest request, ServerCallContext context) => Answer<PurgeInstancesResponse>(request, context);

        public override Task<ListInstanceIDsResponse> ListInstanceIDs(ListInstanceIDsRequest request, ServerCallContext context) => Answer<ListInstanceIDsResponse>(request, context);

        public override Task<GetInstanceHistoryResponse> GetInstanceHistory(GetInstanceHistoryRequest request, ServerCallContext context) =>
            Answer<GetInstanceHistoryResponse>(request, context);

        public override Task<RerunWorkflowFromEventResponse> RerunWorkflowFromEvent(RerunWorkflowFromEventRequest request, ServerCallContext context) =>
            Answer<RerunWorkflowFromEventResponse>(request, context);

        private Task<T> Answer<T>(object request, ServerCallContext context)
            where T : new()
        {
            Authenticate(context);
            sidecar.Requests.Enqueue(request);
            return Task.FromResult(sidecar.Answers.TryGetValue(request.GetType(), out var answer) ? (T)answer(request) : new());
        }

        private void Authenticate(ServerCallContext context)
        {
            if (sidecar.Token is { } token && context.RequestHeaders.GetValue("dapr-api-token") != token)
                throw new RpcException(new Status(StatusCode.Unauthenticated, "no such token"));
        }
    }
}
