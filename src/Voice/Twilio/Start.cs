namespace KestrelVoice.Voice.Twilio;

/// <summary>Begins something that runs beside the verbs and outlives the document.</summary>
internal sealed class Start() : TwiML("Start")
{
    public Start Recording(
        Uri? recordingStatusCallback = null,
        string? recordingStatusCallbackMethod = null,
        IEnumerable<string>? recordingStatusCallbackEvent = null,
        string? track = null,
        string? channels = null)
    {
        Add(new Recording(recordingStatusCallback, recordingStatusCallbackMethod, recordingStatusCallbackEvent, track, channels));
        return this;
    }
}

/// <summary>Records both sides of the call.</summary>
internal sealed class Recording : TwiML
{
    public Recording(
        Uri? recordingStatusCallback = null,
        string? recordingStatusCallbackMethod = null,
        IEnumerable<string>? recordingStatusCallbackEvent = null,
        string? track = null,
        string? channels = null) : base("Recording")
    {
        Set("recordingStatusCallback", recordingStatusCallback);
        Set("recordingStatusCallbackMethod", recordingStatusCallbackMethod);
        Set("recordingStatusCallbackEvent", recordingStatusCallbackEvent);
        Set("track", track);
        Set("channels", channels);
    }
}
