using Microsoft.Extensions.Hosting;

namespace Dapr.Workflow.Worker;

/// <summary>Takes work from the sidecar.</summary>
internal sealed class WorkflowWorker : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.CompletedTask;
}
