using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.CallSimulator.Recordings;

/// <summary>Twilio's error body.</summary>
internal static class TwilioError
{
    public static Task WriteAsync(HttpContext context, int status, int code, string message)
    {
        if (status == StatusCodes.Status401Unauthorized)
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"Twilio API\"";
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(
            new Dictionary<string, object>
            {
                ["code"] = code,
                ["message"] = message,
                ["more_info"] = string.Create(CultureInfo.InvariantCulture, $"https://www.twilio.com/docs/errors/{code}"),
                ["status"] = status,
            },
            context.RequestAborted);
    }
}
