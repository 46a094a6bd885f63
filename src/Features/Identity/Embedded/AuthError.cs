using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>A refusal in the words of Supabase Auth, in the newer or the older of its two shapes, as the client's version header asks.</summary>
internal sealed record AuthError(int Status, string Code, string Message, JsonObject? WeakPassword = null) : IResult
{
    internal const string VersionHeader = "X-Supabase-Api-Version";
    private const string NewerShape = "2024-01-01";

    internal static readonly AuthError InvalidCredentials =
        new(StatusCodes.Status400BadRequest, "invalid_credentials", "Invalid login credentials");

    internal static readonly AuthError UserBanned = new(StatusCodes.Status400BadRequest, "user_banned", "User is banned");

    internal static readonly AuthError SessionNotFound =
        new(StatusCodes.Status403Forbidden, "session_not_found", "Session from session_id claim in JWT does not exist");

    internal static AuthError Validation(string message) => new(StatusCodes.Status400BadRequest, "validation_failed", message);

    internal static AuthError BadJwt(string message) => new(StatusCodes.Status403Forbidden, "bad_jwt", message);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var asked = httpContext.Request.Headers[VersionHeader].ToString();
        var newer = string.CompareOrdinal(asked, NewerShape) >= 0;
        var body = newer
            ? new JsonObject { ["code"] = Code, ["message"] = Message }
            : new JsonObject { ["code"] = Status, ["error_code"] = Code, ["msg"] = Message };
        if (WeakPassword is not null)
            body["weak_password"] = WeakPassword.DeepClone();
        // Without the echo, clients do not look for the code.
        if (newer)
            httpContext.Response.Headers[VersionHeader] = NewerShape;
        httpContext.Response.Headers["x-sb-error-code"] = Code;
        httpContext.Response.Headers.CacheControl = "no-store";
        httpContext.Response.StatusCode = Status;
        httpContext.Response.ContentType = "application/json";
        return httpContext.Response.WriteAsync(body.ToJsonString(), httpContext.RequestAborted);
    }
}
