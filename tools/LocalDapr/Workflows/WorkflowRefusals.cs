using Grpc.Core;
using KestrelVoice.LocalDapr.Api;

namespace KestrelVoice.LocalDapr.Workflows;

/// <summary>Refusals in the words that clients of daprd look for.</summary>
internal static class WorkflowRefusals
{
    private const string Code = "ERR_WORKFLOW";

    public static ApiException NoSuchInstance() => new(500, StatusCode.Unknown, Code, "no such instance exists");

    public static ApiException NoHistory(string id) => new(404, StatusCode.NotFound, Code, $"no such instance exists: '{id}'");

    public static ApiException AlreadyActive(string id) => new(500, StatusCode.AlreadyExists, Code, $"an active workflow with ID '{id}' already exists");

    public static ApiException AlreadyExists(string id) => new(409, StatusCode.AlreadyExists, Code, $"a workflow with ID '{id}' already exists");

    public static ApiException NotRerunnable(string id, string why) =>
        new(400, StatusCode.InvalidArgument, Code, $"workflow '{id}' cannot be run again from there: {why}");

    public static ApiException AwaitsActivity(string id) =>
        new(500, StatusCode.AlreadyExists, Code, $"a terminated workflow with ID '{id}' is already awaiting an activity result");

    public static ApiException NotCompleted(string id) => new(500, StatusCode.Unknown, Code, $"workflow '{id}' has not yet completed");

    public static ApiException Stalled(string id) => new(500, StatusCode.FailedPrecondition, Code, $"workflow '{id}' is stalled");

    public static ApiException BadId(string id) =>
        new(400, StatusCode.InvalidArgument, Code, $"workflow ID '{id}' is empty or holds what breaks it on the way: / \\ # ? :: || or control characters");

    public static ApiException NoActorStateStore() => new(
        500, StatusCode.Internal, Code,
        "the state store is not configured to use the actor runtime: workflows need one state store component with actorStateStore: \"true\" in its metadata");

    public static ApiException Stopping() => new(503, StatusCode.Unavailable, Code, "the sidecar is stopping");
}
