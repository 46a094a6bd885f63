namespace KestrelVoice.Voice.Calls;

internal static class CallStatuses
{
    public static bool IsTerminal(string status) => status is "completed" or "busy" or "no-answer" or "failed" or "canceled";

    public static bool IsKnown(string status) => IsTerminal(status) || status is "queued" or "initiated" or "ringing" or "in-progress";

    /// <summary>How a dial ended, in the words of the contract; what Twilio does not say, or says anew, counts as failed.</summary>
    public static string OfDial(string? status) => status switch
    {
        "completed" or "answered" => "completed",
        "busy" or "no-answer" or "canceled" => status,
        _ => "failed",
    };
}
