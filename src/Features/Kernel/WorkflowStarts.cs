using Dapr.Workflow;
using Grpc.Core;

namespace KestrelVoice.Features.Kernel;

/// <summary>Deliveries come twice, and what follows from them begins once: the instance's id says what it is about.</summary>
internal static class WorkflowStarts
{
    /// <returns>False when it has begun before.</returns>
    public static async Task<bool> BeginOnceAsync(
        this DaprWorkflowClient workflows, string name, string instanceId, object input, CancellationToken cancellationToken,
        DateTimeOffset? startTime = null)
    {
        try
        {
            await workflows.ScheduleNewWorkflowAsync(name, instanceId, input, startTime, cancellationToken);
            return true;
        }
        // A real sidecar says it in words only.
        catch (RpcException running) when (running.StatusCode == StatusCode.AlreadyExists
            || running.Status.Detail.Contains("already exists", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }
    }
}
