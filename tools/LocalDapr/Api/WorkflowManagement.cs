using System.Globalization;
using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using KestrelVoice.LocalDapr.Sidecars;
using KestrelVoice.LocalDapr.Workflows;
using KestrelVoice.TaskHub;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>An instance as the management API tells of it.</summary>
internal sealed record ManagedWorkflow(
    string Name, DateTimeOffset CreatedAt, DateTimeOffset LastUpdatedAt, string Status, IDictionary<string, string> Properties);

/// <summary>The management of workflows, in what its two protocols have in common.</summary>
internal sealed partial class WorkflowManagement(Sidecar sidecar)
{
    private const int LongestId = 64;

    /// <summary>Begins an instance; makes up an id where none is given.</summary>
    public async Task<string> StartAsync(string name, string id, string input, string? startTime)
    {
        if (name.Length == 0)
            throw Invalid("ERR_WORKFLOW_NAME_MISSING", "workflow name is not configured");
        if (id.Length == 0)
            id = Guid.CreateVersion7(sidecar.Clock.GetUtcNow()).ToString();
        if (id.Length > LongestId)
            throw Invalid("ERR_INSTANCE_ID_TOO_LONG", $"workflow instance ID exceeds the max length of {LongestId} characters");
        if (!PlainId().IsMatch(id))
            throw Invalid("ERR_INSTANCE_ID_INVALID", $"workflow instance ID '{id}' is invalid: only alphanumeric, underscore and dash characters are allowed");

        var started = new ExecutionStartedEvent { Name = name, Input = input };
        if (!string.IsNullOrEmpty(startTime))
        {
            started.ScheduledStartTimestamp = DateTimeOffset.TryParse(startTime, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                ? time.ToTimestamp()
                : throw Failed("ERR_START_WORKFLOW", $"error starting workflow '{name}'", $"start time '{startTime}' is not an RFC 3339 time");
        }
        await DoAsync("ERR_START_WORKFLOW", $"error starting workflow '{name}'", () => sidecar.Workflows.CreateAsync(id, started));
        return id;
    }

    public ManagedWorkflow? Get(string id)
    {
        RequireId(id);
        WorkflowRow? workflow;
        try
        {
            workflow = sidecar.Workflows.Find(id);
        }
        catch (ApiException refusal)
        {
            throw Failed("ERR_GET_WORKFLOW", $"error while getting workflow info on instance '{id}'", refusal.Message);
        }
        return workflow is null
            ? null
            : new ManagedWorkflow(
                workflow.Started.Name, new DateTimeOffset(workflow.CreatedAt, TimeSpan.Zero), new DateTimeOffset(workflow.UpdatedAt, TimeSpan.Zero),
                NameOf(workflow.Status), Properties(workflow));
    }

    public Task PurgeAsync(string id) => DoAsync(
        id, "ERR_PURGE_WORKFLOW", $"error purging workflow '{id}'", () => sidecar.Workflows.PurgeAsync(id, recursive: true, force: false));

    public Task TerminateAsync(string id) => DoAsync(
        id, "ERR_TERMINATE_WORKFLOW", $"error terminating workflow '{id}'",
        () => sidecar.Workflows.SendAsync(id, new HistoryEvent { ExecutionTerminated = new ExecutionTerminatedEvent { Recurse = true } }));

    public Task PauseAsync(string id) => DoAsync(
        id, "ERR_PAUSE_WORKFLOW", $"error pausing workflow {id}",
        () => sidecar.Workflows.SendAsync(id, new HistoryEvent { ExecutionSuspended = new ExecutionSuspendedEvent() }));

    public Task ResumeAsync(string id) => DoAsync(
        id, "ERR_RESUME_WORKFLOW", $"error resuming workflow {id}",
        () => sidecar.Workflows.SendAsync(id, new HistoryEvent { ExecutionResumed = new ExecutionResumedEvent() }));

    public Task RaiseAsync(string id, string name, string data)
    {
        RequireId(id);
        if (name.Length == 0)
            throw Invalid("ERR_WORKFLOW_EVENT_NAME_MISSING", "missing workflow event name");
        return DoAsync(
            "ERR_RAISE_EVENT_WORKFLOW", $"error raising event on workflow '{id}'",
            () => sidecar.Workflows.SendAsync(id, new HistoryEvent { EventRaised = new EventRaisedEvent { Name = name, Input = data } }));
    }

    public static ApiException NotFound(string id) =>
        new(404, StatusCode.NotFound, "ERR_INSTANCE_ID_NOT_FOUND", $"unable to find workflow with the provided instance ID: {id}");

    private static Task DoAsync(string id, string code, string what, Func<Task> operation)
    {
        RequireId(id);
        return DoAsync(code, what, operation);
    }

    private static async Task DoAsync(string code, string what, Func<Task> operation)
    {
        try
        {
            await operation();
        }
        catch (ApiException refusal)
        {
            throw Failed(code, what, refusal.Message);
        }
    }

    private static void RequireId(string id)
    {
        if (id.Length == 0)
            throw Invalid("ERR_INSTANCE_ID_PROVIDED_MISSING", "no instance ID was provided");
    }

    private static ApiException Invalid(string code, string message) => new(400, StatusCode.InvalidArgument, code, message);

    private static ApiException Failed(string code, string what, string why) => new(500, StatusCode.Internal, code, $"{what}: {why}");

    // There is no word for a stalled one.
    private static string NameOf(OrchestrationStatus status) => status switch
    {
        OrchestrationStatus.Running => "RUNNING",
        OrchestrationStatus.Completed => "COMPLETED",
        OrchestrationStatus.ContinuedAsNew => "CONTINUED_AS_NEW",
        OrchestrationStatus.Failed => "FAILED",
        OrchestrationStatus.Canceled => "CANCELED",
        OrchestrationStatus.Terminated => "TERMINATED",
        OrchestrationStatus.Pending => "PENDING",
        OrchestrationStatus.Suspended => "SUSPENDED",
        _ => "UNKNOWN",
    };

    private static Dictionary<string, string> Properties(WorkflowRow workflow)
    {
        var failure = workflow.Completed?.FailureDetails;
        var properties = new (string Name, string? Value)[]
        {
            ("custom_status", workflow.CustomStatus),
            ("input", workflow.Started.Input),
            ("output", workflow.Completed?.Result),
            ("failure.error_type", failure?.ErrorType),
            ("failure.error_message", failure?.ErrorMessage),
            ("failure.stack_trace", failure?.StackTrace),
        };
        return properties.Where(property => property.Value is not null).ToDictionary(property => "dapr.workflow." + property.Name, property => property.Value!);
    }

    [GeneratedRegex("^[A-Za-z0-9_-]+$")]
    private static partial Regex PlainId();
}
