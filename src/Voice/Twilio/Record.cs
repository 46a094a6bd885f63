namespace KestrelVoice.Voice.Twilio;

/// <summary>Records the caller alone: a voicemail.</summary>
internal sealed class Record : TwiML
{
    public Record(
        Uri? action = null,
        string? method = null,
        int? timeout = null,
        string? finishOnKey = null,
        int? maxLength = null,
        bool? playBeep = null,
        Uri? recordingStatusCallback = null,
        string? recordingStatusCallbackMethod = null,
        IEnumerable<string>? recordingStatusCallbackEvent = null) : base("Record")
    {
        Set("action", action);
        Set("method", method);
        Set("timeout", timeout);
        Set("finishOnKey", finishOnKey);
        Set("maxLength", maxLength);
        Set("playBeep", playBeep);
        Set("recordingStatusCallback", recordingStatusCallback);
        Set("recordingStatusCallbackMethod", recordingStatusCallbackMethod);
        Set("recordingStatusCallbackEvent", recordingStatusCallbackEvent);
    }
}
