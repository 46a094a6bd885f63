using System.Text.Json.Serialization;

namespace KestrelVoice.Features.Calls;

[JsonConverter(typeof(JsonStringEnumConverter<CallStatus>))]
public enum CallStatus
{
    [JsonStringEnumMemberName("completed")]
    Completed,

    [JsonStringEnumMemberName("in-progress")]
    InProgress,

    /// <summary>The caller reached neither the receptionist's conversation, a person, nor a voicemail.</summary>
    [JsonStringEnumMemberName("missed")]
    Missed,
}

/// <summary>The words under which a status is stored and filtered.</summary>
internal static class CallStatusText
{
    public static readonly IReadOnlyList<string> All = ["completed", "in-progress", "missed"];

    public static string Of(CallStatus status) => All[(int)status];

    public static CallStatus Read(string text) => text switch
    {
        "completed" => CallStatus.Completed,
        "in-progress" => CallStatus.InProgress,
        "missed" => CallStatus.Missed,
        _ => throw new ArgumentOutOfRangeException(nameof(text), text, "Not a call status."),
    };
}
