using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>Workflows for clients without a workflow SDK. An answer means that the request is on disk, not that it took effect.</summary>
internal sealed partial class DaprGrpcService
{
    private const string StartTime = "dapr.workflow.start_time";

    private WorkflowManagement Workflows => new(sidecar);

    public override async Task<StartWorkflowResponse> StartWorkflowBeta1(StartWorkflowRequest request, ServerCallContext context) => new()
    {
        InstanceId = await Workflows.StartAsync(
            request.WorkflowName, request.InstanceId, request.Input.ToStringUtf8(), request.Options.TryGetValue(StartTime, out var time) ? time : null),
    };

    public override Task<GetWorkflowResponse> GetWorkflowBeta1(GetWorkflowRequest request, ServerCallContext context)
    {
        var response = new GetWorkflowResponse { InstanceId = request.InstanceId };
        if (Workflows.Get(request.InstanceId) is { } workflow)
        {
            response.WorkflowName = workflow.Name;
            response.CreatedAt = workflow.CreatedAt.ToTimestamp();
            response.LastUpdatedAt = workflow.LastUpdatedAt.ToTimestamp();
            response.RuntimeStatus = workflow.Status;
            response.Properties.Add(workflow.Properties);
        }
        return Task.FromResult(response);
    }

    public override async Task<Empty> PurgeWorkflowBeta1(PurgeWorkflowRequest request, ServerCallContext context)
    {
        await Workflows.PurgeAsync(request.InstanceId);
        return new Empty();
    }

    public override async Task<Empty> TerminateWorkflowBeta1(TerminateWorkflowRequest request, ServerCallContext context)
    {
        await Workflows.TerminateAsync(request.InstanceId);
        return new Empty();
    }

    public override async Task<Empty> PauseWorkflowBeta1(PauseWorkflowRequest request, ServerCallContext context)
    {
        await Workflows.PauseAsync(request.InstanceId);
        return new Empty();
    }

    public override async Task<Empty> ResumeWorkflowBeta1(ResumeWorkflowRequest request, ServerCallContext context)
    {
        await Workflows.ResumeAsync(request.InstanceId);
        return new Empty();
    }

    public override async Task<Empty> RaiseEventWorkflowBeta1(RaiseEventWorkflowRequest request, ServerCallContext context)
    {
        await Workflows.RaiseAsync(request.InstanceId, request.EventName, request.EventData.ToStringUtf8());
        return new Empty();
    }

    public override Task<StartWorkflowResponse> StartWorkflowAlpha1(StartWorkflowRequest request, ServerCallContext context) =>
        StartWorkflowBeta1(request, context);

    public override Task<GetWorkflowResponse> GetWorkflowAlpha1(GetWorkflowRequest request, ServerCallContext context) =>
        GetWorkflowBeta1(request, context);

    public override Task<Empty> PurgeWorkflowAlpha1(PurgeWorkflowRequest request, ServerCallContext context) =>
        PurgeWorkflowBeta1(request, context);

    public override Task<Empty> TerminateWorkflowAlpha1(TerminateWorkflowRequest request, ServerCallContext context) =>
        TerminateWorkflowBeta1(request, context);

    public override Task<Empty> PauseWorkflowAlpha1(PauseWorkflowRequest request, ServerCallContext context) =>
        PauseWorkflowBeta1(request, context);

    public override Task<Empty> ResumeWorkflowAlpha1(ResumeWorkflowRequest request, ServerCallContext context) =>
        ResumeWorkflowBeta1(request, context);

    public override Task<Empty> RaiseEventWorkflowAlpha1(RaiseEventWorkflowRequest request, ServerCallContext context) =>
        RaiseEventWorkflowBeta1(request, context);
}
