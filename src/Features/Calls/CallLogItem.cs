using System.ComponentModel;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Calls;

/// <summary>A call log as lists show it.</summary>
public record CallLogItem(
    [property: Description("TypeID, call_ + 26 characters.")] string Id,
    [property: Description("The other party's number, E.164, or text for a withheld one.")] string PhoneNumber,
    CallStatus Status,
    [property: Description("Seconds from answer to hang-up; 0 while the call is in progress.")] int Duration,
    [property: Description("Answers with the audio to the credential that reads this; null without a recording.")] string? RecordingUrl,
    [property: Description("One line a turn; null when nothing was said.")] string? Transcript,
    [property: Description("When the call reached us, UTC.")] DateTime CreatedAt,
    [property: Description("inbound or outbound.")] string Direction,
    [property: Description("What the call came to; null while it is in progress.")] CallOutcome? Outcome,
    bool Emergency)
{
    public static string LinkToRecording(PublicUrl publicUrl, string id) => $"{publicUrl.Base}/api/call-logs/{id}/recording";
}
