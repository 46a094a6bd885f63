using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>The management of workflows, under the two names it has had: each must be a method of its own to be found.</summary>
internal abstract partial class DaprServiceBase
{
    public abstract Task<StartWorkflowResponse> StartWorkflowBeta1(StartWorkflowRequest request, ServerCallContext context);

    public abstract Task<GetWorkflowResponse> GetWorkflowBeta1(GetWorkflowRequest request, ServerCallContext context);

    public abstract Task<Empty> PurgeWorkflowBeta1(PurgeWorkflowRequest request, ServerCallContext context);

    public abstract Task<Empty> TerminateWorkflowBeta1(TerminateWorkflowRequest request, ServerCallContext context);

    public abstract Task<Empty> PauseWorkflowBeta1(PauseWorkflowRequest request, ServerCallContext context);

    public abstract Task<Empty> ResumeWorkflowBeta1(ResumeWorkflowRequest request, ServerCallContext context);

    public abstract Task<Empty> RaiseEventWorkflowBeta1(RaiseEventWorkflowRequest request, ServerCallContext context);

    public abstract Task<StartWorkflowResponse> StartWorkflowAlpha1(StartWorkflowRequest request, ServerCallContext context);

    public abstract Task<GetWorkflowResponse> GetWorkflowAlpha1(GetWorkflowRequest request, ServerCallContext context);

    public abstract Task<Empty> PurgeWorkflowAlpha1(PurgeWorkflowRequest request, ServerCallContext context);

    public abstract Task<Empty> TerminateWorkflowAlpha1(TerminateWorkflowRequest request, ServerCallContext context);

    public abstract Task<Empty> PauseWorkflowAlpha1(PauseWorkflowRequest request, ServerCallContext context);

    public abstract Task<Empty> ResumeWorkflowAlpha1(ResumeWorkflowRequest request, ServerCallContext context);

    public abstract Task<Empty> RaiseEventWorkflowAlpha1(RaiseEventWorkflowRequest request, ServerCallContext context);

    private static void BindWorkflows(ServiceBinderBase binder, DaprServiceBase? service)
    {
        Bind<StartWorkflowRequest, StartWorkflowResponse>(binder, nameof(StartWorkflowBeta1), service is null ? null : service.StartWorkflowBeta1);
        Bind<GetWorkflowRequest, GetWorkflowResponse>(binder, nameof(GetWorkflowBeta1), service is null ? null : service.GetWorkflowBeta1);
        Bind<PurgeWorkflowRequest, Empty>(binder, nameof(PurgeWorkflowBeta1), service is null ? null : service.PurgeWorkflowBeta1);
        Bind<TerminateWorkflowRequest, Empty>(binder, nameof(TerminateWorkflowBeta1), service is null ? null : service.TerminateWorkflowBeta1);
        Bind<PauseWorkflowRequest, Empty>(binder, nameof(PauseWorkflowBeta1), service is null ? null : service.PauseWorkflowBeta1);
        Bind<ResumeWorkflowRequest, Empty>(binder, nameof(ResumeWorkflowBeta1), service is null ? null : service.ResumeWorkflowBeta1);
        Bind<RaiseEventWorkflowRequest, Empty>(binder, nameof(RaiseEventWorkflowBeta1), service is null ? null : service.RaiseEventWorkflowBeta1);
        Bind<StartWorkflowRequest, StartWorkflowResponse>(binder, nameof(StartWorkflowAlpha1), service is null ? null : service.StartWorkflowAlpha1);
        Bind<GetWorkflowRequest, GetWorkflowResponse>(binder, nameof(GetWorkflowAlpha1), service is null ? null : service.GetWorkflowAlpha1);
        Bind<PurgeWorkflowRequest, Empty>(binder, nameof(PurgeWorkflowAlpha1), service is null ? null : service.PurgeWorkflowAlpha1);
        Bind<TerminateWorkflowRequest, Empty>(binder, nameof(TerminateWorkflowAlpha1), service is null ? null : service.TerminateWorkflowAlpha1);
        Bind<PauseWorkflowRequest, Empty>(binder, nameof(PauseWorkflowAlpha1), service is null ? null : service.PauseWorkflowAlpha1);
        Bind<ResumeWorkflowRequest, Empty>(binder, nameof(ResumeWorkflowAlpha1), service is null ? null : service.ResumeWorkflowAlpha1);
        Bind<RaiseEventWorkflowRequest, Empty>(binder, nameof(RaiseEventWorkflowAlpha1), service is null ? null : service.RaiseEventWorkflowAlpha1);
    }
}
