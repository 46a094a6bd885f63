using Dapr.Workflow.Abstractions;
using KestrelVoice.TaskHub;

namespace Dapr.Workflow.Worker;

internal sealed class ActivityContext(ActivityRequest request) : WorkflowActivityContext
{
    public override TaskIdentifier Identifier => request.Name;

    // Sidecars before 1.16 send none.
    public override string TaskExecutionKey => request.TaskExecutionId.Length > 0 ? request.TaskExecutionId : $"{InstanceId}|{request.TaskId}";

    public override string InstanceId => request.WorkflowInstance?.InstanceId ?? "";
}
