namespace KestrelVoice.Voice.Twilio;

/// <summary>Listens for speech and keys.</summary>
internal sealed class Gather : TwiML
{
    public Gather(
        IEnumerable<string>? input = null,
        Uri? action = null,
        string? method = null,
        int? timeout = null,
        string? speechTimeout = null,
        int? numDigits = null,
        string? finishOnKey = null,
        string? language = null,
        string? hints = null,
        bool? profanityFilter = null,
        bool? bargeIn = null,
        bool? actionOnEmptyResult = null) : base("Gather")
    {
        Set("input", input);
        Set("action", action);
        Set("method", method);
        Set("timeout", timeout);
        Set("speechTimeout", speechTimeout);
        Set("numDigits", numDigits);
        Set("finishOnKey", finishOnKey);
        Set("language", language);
        Set("hints", hints);
        Set("profanityFilter", profanityFilter);
        Set("bargeIn", bargeIn);
        Set("actionOnEmptyResult", actionOnEmptyResult);
    }

    public Gather Say(string message, string? voice = null, string? language = null)
    {
        Add(new Say(message, voice, language));
        return this;
    }
}
