namespace KestrelVoice.Voice.Twilio;

/// <summary>What a voice webhook answers: verbs, executed top to bottom.</summary>
internal sealed class VoiceResponse() : TwiML("Response")
{
    public VoiceResponse Append(TwiML verb)
    {
        Add(verb);
        return this;
    }

    public VoiceResponse Say(string message, string? voice = null, string? language = null) => Append(new Say(message, voice, language));

    public VoiceResponse Pause(int? length = null) => Append(new Pause(length));

    public VoiceResponse Redirect(Uri url, string? method = null) => Append(new Redirect(url, method));

    public VoiceResponse Reject(string? reason = null) => Append(new Reject(reason));

    public VoiceResponse Hangup() => Append(new Hangup());
}

internal sealed class Say : TwiML
{
    public Say(string message, string? voice = null, string? language = null) : base("Say")
    {
        Body = message;
        Set("voice", voice);
        Set("language", language);
    }
}

internal sealed class Pause : TwiML
{
    public Pause(int? length = null) : base("Pause") => Set("length", length);
}

internal sealed class Redirect : TwiML
{
    public Redirect(Uri url, string? method = null) : base("Redirect")
    {
        Body = url.OriginalString;
        Set("method", method);
    }
}

internal sealed class Hangup() : TwiML("Hangup");

internal sealed class Reject : TwiML
{
    public Reject(string? reason = null) : base("Reject") => Set("reason", reason);
}
