using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KestrelVoice.Features.Kernel;

/// <summary>Every refusal of the API: RFC 9457 members, a stable <c>error</c> code, a <c>message</c>, and the request id.</summary>
/// <remarks><see cref="ProblemWriter"/> adds <c>request_id</c> to whatever problem leaves the host.</remarks>
public static class Problems
{
    public const string InvalidParameter = "invalid_parameter";
    public const string Unauthorized = "unauthorized";
    public const string UpgradeRequired = "upgrade_required";
    public const string Forbidden = "forbidden";
    public const string NotFoundError = "not_found";
    public const string MethodNotAllowed = "method_not_allowed";
    public const string ConflictError = "conflict";
    public const string PayloadTooLarge = "payload_too_large";
    public const string UnsupportedMediaType = "unsupported_media_type";
    public const string RateLimited = "rate_limited";
    public const string InternalError = "internal_error";

    /// <summary>Something that this answer needs is away for the moment; retrying is right.</summary>
    public const string Unavailable = "unavailable";

    public static ProblemHttpResult NotFound(string message) => Of(StatusCodes.Status404NotFound, NotFoundError, message);

    public static ProblemHttpResult Conflict(string message) => Of(StatusCodes.Status409Conflict, ConflictError, message);

    /// <summary>What would reach outside, asked for with a test key.</summary>
    public static ProblemHttpResult Sandboxed(string message) => Of(StatusCodes.Status403Forbidden, Forbidden, message);

    /// <summary>What the tenant's plan does not include, and which plan does.</summary>
    public static ProblemHttpResult Upgrade(Plan required, string message) => Of(
        StatusCodes.Status402PaymentRequired, UpgradeRequired, message,
        new Dictionary<string, object?> { ["required_plan"] = required.Name() });

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

    /// <summary>The problem for an answer of which only the status is known, such as an unmatched route.</summary>
    internal static ProblemHttpResult Of(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => Of(status, Unauthorized, "A valid session or API key is required."),
        StatusCodes.Status402PaymentRequired => Of(status, UpgradeRequired, "The plan does not include this."),
        StatusCodes.Status403Forbidden => Of(status, Forbidden, "This credential may not do that."),
        StatusCodes.Status404NotFound => Of(status, NotFoundError, "There is nothing here."),
        StatusCodes.Status405MethodNotAllowed => Of(status, MethodNotAllowed, "This method is not supported here."),
        StatusCodes.Status409Conflict => Of(status, ConflictError, "This conflicts with the present state."),
        StatusCodes.Status413PayloadTooLarge => Of(status, PayloadTooLarge, "The body is too large."),
        StatusCodes.Status415UnsupportedMediaType => Of(status, UnsupportedMediaType, "The body must be application/json."),
        StatusCodes.Status416RangeNotSatisfiable => Of(status, InvalidParameter, "It ends before the range that was asked for."),
        StatusCodes.Status429TooManyRequests => Of(status, RateLimited, "Too many requests."),
        StatusCodes.Status503ServiceUnavailable => Of(status, Unavailable, "Temporarily unavailable. Please try again."),
        >= StatusCodes.Status500InternalServerError => Of(status, InternalError, "Something went wrong on our side."),
        _ => Of(status, InvalidParameter, "The request is not valid."),
    };
}
