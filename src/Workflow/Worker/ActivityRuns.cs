using System.Collections.Concurrent;
using System.Diagnostics;
using Dapr.Workflow.Serialization;
using KestrelVoice.TaskHub;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Workflow.Worker;

/// <summary>Runs activities, each in a scope of its own, and knows those that are running.</summary>
internal sealed class ActivityRuns(Registry registry, IWorkflowSerializer serializer, IServiceScopeFactory scopes)
{
    private static readonly ActivitySource Source = new("Dapr.Workflow");

    private readonly ConcurrentDictionary<(string InstanceId, int TaskId, string TaskExecutionId), Task<ActivityResponse>> _running = new();

    /// <summary>The run of the same step that goes on here, of which the sidecar has lost sight with a connection.</summary>
    public Task<ActivityResponse>? Find(ActivityRequest request) =>
        request.TaskExecutionId.Length > 0 && _running.TryGetValue(KeyOf(request), out var run) ? run : null;

    /// <summary>What the activity returned, or why it failed. Never throws for what it does.</summary>
    public Task<ActivityResponse> RunAsync(ActivityRequest request)
    {
        var run = new TaskCompletionSource<ActivityResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
        var key = KeyOf(request);
        _running[key] = run.Task;
        return FinishAsync();

        async Task<ActivityResponse> FinishAsync()
        {
            var response = await ExecuteAsync(request);
            run.SetResult(response);
            _running.TryRemove(new(key, run.Task));
            return response;
        }
    }

    private async Task<ActivityResponse> ExecuteAsync(ActivityRequest request)
    {
        using var span = StartSpan(request);
        var response = new ActivityResponse { InstanceId = request.WorkflowInstance?.InstanceId ?? "", TaskId = request.TaskId };
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            if (registry.MakeActivity(request.Name, scope.ServiceProvider) is { } activity)
            {
                var output = await activity.RunAsync(new ActivityContext(request), serializer.Deserialize(request.Input, activity.InputType));
                response.Result = serializer.Serialize(output);
            }
            else
            {
                response.FailureDetails = Failures.Of(ErrorTypes.ActivityNotFound, $"No activity is registered as '{request.Name}'.");
            }
        }
        catch (Exception failure)
        {
            (response.Result, response.FailureDetails) = (null, Failures.Of(failure));
        }
        if (response.FailureDetails is { } details)
            span?.SetStatus(ActivityStatusCode.Error, details.ErrorType);
        return response;
    }

    private static (string InstanceId, int TaskId, string TaskExecutionId) KeyOf(ActivityRequest request) =>
        (request.WorkflowInstance?.InstanceId ?? "", request.TaskId, request.TaskExecutionId);

    private static Activity? StartSpan(ActivityRequest request)
    {
        var known = System.Diagnostics.ActivityContext.TryParse(
            request.ParentTraceContext?.TraceParent, request.ParentTraceContext?.TraceState, isRemote: true, out var parent);
        return Source.StartActivity($"activity {request.Name}", ActivityKind.Server, known ? parent : default);
    }
}
