using Grpc.Core;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>A refusal of the Dapr API, in the words of both its protocols.</summary>
internal sealed class ApiException(int httpStatus, StatusCode grpcStatus, string code, string message) : Exception(message)
{
    public int HttpStatus => httpStatus;

    public StatusCode GrpcStatus => grpcStatus;

    public string Code => code;

    /// <summary>The reason in the error's details; absent for the errors daprd gives none.</summary>
    public string? Reason { get; init; }

    public IReadOnlyDictionary<string, string> Details { get; init; } = new Dictionary<string, string>();

    public static ApiException Malformed(string message) => new(400, StatusCode.InvalidArgument, "ERR_MALFORMED_REQUEST", message);
}
