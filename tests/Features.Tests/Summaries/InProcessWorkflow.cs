using System.Collections.Concurrent;
using System.Text.Json;
using Dapr.Workflow;
using Dapr.Workflow.Abstractions;
using KestrelVoice.Features.Summaries;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KestrelVoice.Features.Tests.Summaries;

/// <summary>Runs a workflow's code against the app's real activities, without a sidecar: every input and result goes through JSON, and is noted.</summary>
internal sealed class InProcessWorkflow(IServiceProvider services) : WorkflowContext
{
    private readonly ConcurrentQueue<string> _history = new();

    public TaskCompletionSource TimeUp { get; } = new();

    /// <summary>What a sidecar would have kept of this run.</summary>
    public IReadOnlyList<string> History => [.. _history];

    /// <summary>Asked before each activity; an exception is one that all retries of the activity met.</summary>
    public Action<string, object?> Before { get; init; } = (_, _) => { };

    public override string Name => nameof(SummariseCallWorkflow);

    public override string InstanceId => "in-process";

    public override DateTime CurrentUtcDateTime => KestrelVoiceApp.Noon.UtcDateTime;

    public override bool IsReplaying => false;

    public static async Task<string> SummariseAsync(KestrelVoiceApp app, TestTenant tenant, Guid callId, InProcessWorkflow? context = null) =>
        (await new SummariseCallWorkflow().RunAsync(context ?? new InProcessWorkflow(app.Services), new(tenant.Id, callId))).Status;

    public override async Task<T> CallActivityAsync<T>(string name, object? input = null, WorkflowTaskOptions? options = null)
    {
        var type = typeof(SummariseCallWorkflow).Assembly.GetTypes().Single(candidate => candidate.Name == name);
        await using var scope = services.CreateAsyncScope();
        var activity = (IWorkflowActivity)ActivatorUtilities.CreateInstance(scope.ServiceProvider, type);
        var sent = JsonSerializer.Serialize(input, JsonSerializerOptions.Web);
        _history.Enqueue($"{name} {sent}");
        try
        {
            Before(name, input);
            var result = await activity.RunAsync(new ActivityContext(name), JsonSerializer.Deserialize(sent, activity.InputType, JsonSerializerOptions.Web));
            var returned = JsonSerializer.Serialize(result, JsonSerializerOptions.Web);
            _history.Enqueue($"{name} = {returned}");
            return JsonSerializer.Deserialize<T>(returned, JsonSerializerOptions.Web)!;
        }
        catch (Exception failure) when (failure is not WorkflowTaskFailedException)
        {
            throw new WorkflowTaskFailedException(failure.Message, new WorkflowTaskFailureDetails(failure.GetType().FullName!, failure.Message));
        }
    }

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken) => TimeUp.Task;

    public override ILogger CreateReplaySafeLogger(string categoryName) => NullLogger.Instance;

    public override ILogger CreateReplaySafeLogger(Type type) => NullLogger.Instance;

    public override ILogger CreateReplaySafeLogger<T>() => NullLogger.Instance;

    public override bool IsPatched(string patchName) => throw new NotSupportedException();

    public override Task<T> WaitForExternalEventAsync<T>(string eventName, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public override Task<T> WaitForExternalEventAsync<T>(string eventName, TimeSpan timeout) => throw new NotSupportedException();

    public override void SendEvent(string instanceId, string eventName, object payload) => throw new NotSupportedException();

    public override void SetCustomStatus(object? customStatus) => throw new NotSupportedException();

    public override Task<TResult> CallChildWorkflowAsync<TResult>(string workflowName, object? input = null, ChildWorkflowTaskOptions? options = null) =>
        throw new NotSupportedException();

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true) => throw new NotSupportedException();

    public override Guid NewGuid() => throw new NotSupportedException();

    private sealed class ActivityContext(string name) : WorkflowActivityContext
    {
        public override TaskIdentifier Identifier => name;

        public override string TaskExecutionKey => "key";

        public override string InstanceId => "in-process";
    }
}
