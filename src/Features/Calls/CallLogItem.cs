using System.ComponentModel;
using System.Text.Json.Serialization;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Calls;

/// <summary>A call log as lists show it; in the detail these members come first.</summary>
public record CallLogItem(
    [property: JsonPropertyOrder(-1), Description("TypeID, call_ + 26 characters.")] string Id,
    [property: JsonPropertyOrder(-1), Description("The other party's number, E.164, or text for a withheld one.")] string PhoneNumber,
    [property: JsonPropertyOrder(-1)] CallStatus Status,
    [property: JsonPropertyOrder(-1), Description("Seconds from answer to hang-up; 0 while the call is in progress.")] int Duration,
    [property: JsonPropertyOrder(-1), Description("Answers with the audio to the credential that reads this; null without a recording.")] string? RecordingUrl,
    [property: JsonPropertyOrder(-1), Description("One line a turn; null when nothing was said.")] string? Transcript,
    [property: JsonPropertyOrder(-1), Description("When the call reached us, UTC.")] DateTime CreatedAt,
    [property: JsonPropertyOrder(-1), Description("inbound or outbound.")] string Direction,
    [property: JsonPropertyOrder(-1), Description("What the call came to; null while it is in progress.")] CallOutcome? Outcome,
    [property: JsonPropertyOrder(-1)] bool Emergency)
{
    public static string LinkToRecording(PublicUrl publicUrl, string id) => $"{publicUrl.Base}/api/call-logs/{id}/recording";
}
