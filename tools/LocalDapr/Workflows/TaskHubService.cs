using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using KestrelVoice.LocalDapr.Sidecars;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>The durable-task service: the wire of workers and of the workflow clients of Dapr's SDKs.</summary>
internal sealed class TaskHubService(Sidecar sidecar) : TaskHubSidecarService.TaskHubSidecarServiceBase
{
    private const int LargestPage = 1024;

    public override Task<Empty> Hello(Empty request, ServerCallContext context) => Task.FromResult(new Empty());

    public override Task GetWorkItems(GetWorkItemsRequest request, IServerStreamWriter<WorkItem> responseStream, ServerCallContext context) =>
        sidecar.Workflows.ServeAsync(responseStream, context.CancellationToken);

    public override Task<CompleteTaskResponse> CompleteOrchestratorTask(WorkflowResponse request, ServerCallContext context) =>
        CompleteWorkflowTask(request, context);

    public override async Task<CompleteTaskResponse> CompleteWorkflowTask(WorkflowResponse request, ServerCallContext context)
    {
        await sidecar.Workflows.AnswerAsync(request);
        return new CompleteTaskResponse();
    }

    public override async Task<CompleteTaskResponse> CompleteActivityTask(ActivityResponse request, ServerCallContext context)
    {
        await sidecar.Workflows.AnswerAsync(request);
        return new CompleteTaskResponse();
    }

    // As daprd does: without a time to start at, the answer waits for a worker to have begun. An old time counts as given.
    public override async Task<CreateInstanceResponse> StartInstance(CreateInstanceRequest request, ServerCallContext context)
    {
        var workflows = sidecar.Workflows;
        await workflows.CreateAsync(request.InstanceId, new ExecutionStartedEvent
        {
            Name = request.Name,
            Input = request.Input,
            ScheduledStartTimestamp = request.ScheduledStartTimestamp,
            ParentTraceContext = request.ParentTraceContext,
        });
        if (request.ScheduledStartTimestamp is null)
            await workflows.WaitAsync(request.InstanceId, HasStarted, context.CancellationToken);
        return new CreateInstanceResponse { InstanceId = request.InstanceId };
    }

    public override Task<GetInstanceResponse> GetInstance(GetInstanceRequest request, ServerCallContext context) =>
        Task.FromResult(Answer(sidecar.Workflows.Find(request.InstanceId), request));

    public override async Task<GetInstanceResponse> WaitForInstanceStart(GetInstanceRequest request, ServerCallContext context) =>
        Answer(await sidecar.Workflows.WaitAsync(request.InstanceId, HasStarted, context.CancellationToken), request);

    public override async Task<GetInstanceResponse> WaitForInstanceCompletion(GetInstanceRequest request, ServerCallContext context) =>
        Answer(await sidecar.Workflows.WaitAsync(request.InstanceId, workflow => workflow.IsTerminal, context.CancellationToken), request);

    public override async Task<RaiseEventResponse> RaiseEvent(RaiseEventRequest request, ServerCallContext context)
    {
        await sidecar.Workflows.SendAsync(
            request.InstanceId, new HistoryEvent { EventRaised = new EventRaisedEvent { Name = request.Name, Input = request.Input } });
        return new RaiseEventResponse();
    }

    public override async Task<TerminateResponse> TerminateInstance(TerminateRequest request, ServerCallContext context)
    {
        var terminated = new ExecutionTerminatedEvent { Input = request.Output, Recurse = request.Recursive };
        await sidecar.Workflows.SendAndWaitAsync(request.InstanceId, new HistoryEvent { ExecutionTerminated = terminated }, context.CancellationToken);
        return new TerminateResponse();
    }

    public override async Task<SuspendResponse> SuspendInstance(SuspendRequest request, ServerCallContext context)
    {
        var suspended = new ExecutionSuspendedEvent { Input = request.Reason };
        await sidecar.Workflows.SendAndWaitAsync(request.InstanceId, new HistoryEvent { ExecutionSuspended = suspended }, context.CancellationToken);
        return new SuspendResponse();
    }

    public override async Task<ResumeResponse> ResumeInstance(ResumeRequest request, ServerCallContext context)
    {
        var resumed = new ExecutionResumedEvent { Input = request.Reason };
        await sidecar.Workflows.SendAndWaitAsync(request.InstanceId, new HistoryEvent { ExecutionResumed = resumed }, context.CancellationToken);
        return new ResumeResponse();
    }

    public override async Task<PurgeInstancesResponse> PurgeInstances(PurgeInstancesRequest request, ServerCallContext context) => new()
    {
        DeletedInstanceCount = request.RequestCase == PurgeInstancesRequest.RequestOneofCase.PurgeInstanceFilter
            ? await sidecar.Workflows.PurgeAsync(request.PurgeInstanceFilter, request.Recursive)
            : await sidecar.Workflows.PurgeAsync(request.InstanceId, request.Recursive, request is { HasForce: true, Force: true }),
        IsComplete = true,
    };

    public override async Task<RerunWorkflowFromEventResponse> RerunWorkflowFromEvent(RerunWorkflowFromEventRequest request, ServerCallContext context) =>
        new() { NewInstanceID = await sidecar.Workflows.RerunAsync(request) };

    public override Task<ListInstanceIDsResponse> ListInstanceIDs(ListInstanceIDsRequest request, ServerCallContext context)
    {
        var size = request is { HasPageSize: true, PageSize: > 0 } ? (int)Math.Min(request.PageSize, LargestPage) : LargestPage;
        var ids = sidecar.Workflows.Ids(request.ContinuationToken, size + 1);
        var response = new ListInstanceIDsResponse { InstanceIds = { ids.Take(size) } };
        if (ids.Count > size)
            response.ContinuationToken = ids[size - 1];
        return Task.FromResult(response);
    }

    public override Task<GetInstanceHistoryResponse> GetInstanceHistory(GetInstanceHistoryRequest request, ServerCallContext context) =>
        Task.FromResult(new GetInstanceHistoryResponse { Events = { sidecar.Workflows.History(request.InstanceId) } });

    private static bool HasStarted(WorkflowRow workflow) => workflow.Status != OrchestrationStatus.Pending;

    private static GetInstanceResponse Answer(WorkflowRow? workflow, GetInstanceRequest request) => workflow is null
        ? new GetInstanceResponse()
        : new GetInstanceResponse { Exists = true, WorkflowState = workflow.ToState(request.GetInputsAndOutputs) };
}
