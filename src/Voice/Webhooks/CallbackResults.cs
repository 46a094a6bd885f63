using Microsoft.AspNetCore.Http.HttpResults;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>Answers to callbacks, whose bodies Twilio does not read.</summary>
internal static class CallbackResults
{
    public static ProblemHttpResult Problem(int status, string error, string message) => TypedResults.Problem(
        type: "https://kestrelvoice.dev/problems/" + error.Replace('_', '-'), title: message, statusCode: status,
        extensions: new Dictionary<string, object?> { ["error"] = error, ["message"] = message });

    public static ProblemHttpResult Invalid(string message) => Problem(StatusCodes.Status400BadRequest, "invalid_parameter", message);

    /// <summary>The event is on disk, but another attempt may deliver it sooner; its id is the same.</summary>
    public static ProblemHttpResult TryAgain() => Problem(StatusCodes.Status503ServiceUnavailable, "unavailable", "The event was not accepted yet.");
}
