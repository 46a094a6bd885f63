using KestrelVoice.Contracts;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>Which question the caller is answering.</summary>
internal enum Step
{
    /// <summary>How can I help?</summary>
    Need,

    /// <summary>Is there anything else?</summary>
    More,

    /// <summary>We are closed; is it an emergency?</summary>
    AfterHours,
}

/// <summary>How far the conversation is.</summary>
/// <param name="Step">The open question.</param>
/// <param name="Inputs">How often the caller has said or pressed something.</param>
/// <param name="Silences">How often in a row they have not.</param>
internal sealed record Progress(Step Step, int Inputs, int Silences)
{
    public static readonly Progress Start = new(Step.Need, 0, 0);
}

/// <summary>What the receptionist does next.</summary>
internal abstract record Move(string? Say)
{
    public sealed record Ask(string Text, Progress Then) : Move(Text);

    /// <summary>Listens shortly, for an emergency; a caller who stays silent is on the voicemail already.</summary>
    public sealed record AskThenVoicemail(string Text, Progress Then) : Move(Text);

    public sealed record PutThrough(string Text, DialTarget Target, string Number, int RingSeconds) : Move(Text);

    public sealed record TakeVoicemail(string Text, bool Urgent) : Move(Text);

    public sealed record HangUp(string? Text) : Move(Text);
}

/// <summary>What the receptionist does with one request.</summary>
/// <param name="Move">The move.</param>
/// <param name="EmergencyPhrase">The emergency that led to it.</param>
/// <param name="Greeting">Said before it, to the end: a caller cannot talk over the recording notice.</param>
internal sealed record Decision(Move Move, string? EmergencyPhrase = null, string? Greeting = null)
{
    /// <summary>All that is said, as the transcript shows it.</summary>
    public string? Said => Greeting is null ? Move.Say : $"{Greeting} {Move.Say}";
}
