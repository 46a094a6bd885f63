using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.GoogleStandIn;

/// <summary>How Google's calendar says what is wrong.</summary>
internal static class ErrorBody
{
    public static Task WriteAsync(HttpContext context, RefusalException refusal)
    {
        context.Response.StatusCode = refusal.Status;
        if (refusal.RetryAfter is { } seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return context.Response.WriteAsJsonAsync(
            new JsonObject
            {
                ["error"] = new JsonObject
                {
                    ["errors"] = new JsonArray(new JsonObject
                    {
                        ["domain"] = refusal.Reason.EndsWith("LimitExceeded", StringComparison.Ordinal) ? "usageLimits" : "global",
                        ["reason"] = refusal.Reason,
                        ["message"] = refusal.Message,
                    }),
                    ["code"] = refusal.Status,
                    ["message"] = refusal.Message,
                },
            },
            context.RequestAborted);
    }
}
