using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KestrelVoice.Features.Kernel;

/// <summary>Every refusal of the API: RFC 9457 members, a stable <c>error</c> code, a <c>message</c>, and the request id.</summary>
/// <remarks>The host adds <c>request_id</c> to whatever problem leaves it.</remarks>
public static class Problems
{
    public const string InvalidParameter = "invalid_parameter";
    public const string Unauthorized = "unauthorized";
    public const string UpgradeRequired = "upgrade_required";
    public const string Forbidden = "forbidden";
    public const string NotFoundError = "not_found";
    public const string ConflictError = "conflict";
    public const string RateLimited = "rate_limited";
    public const string InternalError = "internal_error";

    /// <summary>Something that this answer needs is away for the moment; retrying is right.</summary>
    public const string Unavailable = "unavailable";

    public static ProblemHttpResult NotFound(string message) => Of(StatusCodes.Status404NotFound, NotFoundError, message);

    public static ProblemHttpResult Conflict(string message) => Of(StatusCodes.Status409Conflict, ConflictError, message);

    public static ProblemHttpResult Invalid(string parameter, string message) => Invalid(new Dictionary<string, string[]> { [parameter] = [message] });

    public static ProblemHttpResult Invalid(IReadOnlyDictionary<string, string[]> errors) => Of(
        StatusCodes.Status400BadRequest, InvalidParameter,
        string.Join(' ', errors.SelectMany(error => error.Value)),
        new Dictionary<string, object?> { ["errors"] = errors });

    public static ProblemHttpResult Of(int status, string error, string message, IDictionary<string, object?>? members = null)
    {
        var extensions = new Dictionary<string, object?>(members ?? new Dictionary<string, object?>())
        {
            ["error"] = error,
            ["message"] = message,
        };
        return TypedResults.Problem(
            type: "https://kestrelvoice.dev/problems/" + error.Replace('_', '-'),
            title: message, statusCode: status, extensions: extensions);
    }
}
