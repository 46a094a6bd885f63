namespace KestrelVoice.Voice.Twilio;

/// <summary>Puts the caller through.</summary>
internal sealed class Dial : TwiML
{
    public Dial(
        Uri? action = null,
        string? method = null,
        int? timeout = null,
        string? callerId = null,
        bool? answerOnBridge = null) : base("Dial")
    {
        Set("action", action);
        Set("method", method);
        Set("timeout", timeout);
        Set("callerId", callerId);
        Set("answerOnBridge", answerOnBridge);
    }

    public Dial Number(string phoneNumber)
    {
        Add(new Number(phoneNumber));
        return this;
    }
}

internal sealed class Number : TwiML
{
    public Number(string phoneNumber) : base("Number") => Body = phoneNumber;
}
