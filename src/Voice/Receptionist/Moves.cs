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

    /// <summary>What shall be booked?</summary>
    Service,

    /// <summary>When?</summary>
    Time,

    /// <summary>Under which name?</summary>
    Name,

    /// <summary>Is that right?</summary>
    Confirm,

    /// <summary>It is booked; is there anything else?</summary>
    Booked,
}

/// <summary>What is being booked, as far as that is settled.</summary>
/// <param name="ServiceId">Null until one is chosen.</param>
/// <param name="Times">Those that are offered, or the one that was chosen.</param>
/// <param name="HoldId">What the call holds.</param>
/// <param name="Misses">How often in a row the answer was none.</param>
internal sealed record Booking(Guid? ServiceId, IReadOnlyList<DateTimeOffset> Times, Guid? HoldId, int Misses)
{
    public static readonly Booking Nothing = new(null, [], null, 0);
}

/// <summary>How far the conversation is.</summary>
/// <param name="Step">The open question.</param>
/// <param name="Inputs">How often the caller has said or pressed something.</param>
/// <param name="Silences">How often in a row they have not.</param>
internal sealed record Progress(Step Step, int Inputs, int Silences)
{
    public static readonly Progress Start = new(Step.Need, 0, 0);

    /// <summary>Null while nothing is being booked.</summary>
    public Booking? Booking { get; init; }

    /// <summary>Whether the caller came while we are closed, and only booking keeps them on the line: then no person's phone is rung.</summary>
    public bool Closed { get; init; }

    public bool IsBooking => Step is Step.Service or Step.Time or Step.Name or Step.Confirm;
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

    /// <summary>Runs an errand; what comes of it decides what is said.</summary>
    public sealed record Inquire(Errand Errand, Progress Then) : Move(Say: null);
}

/// <summary>An appointment that the caller has made just now.</summary>
internal sealed record MadeAppointment(Guid Id, string Service, DateTimeOffset StartsAt);

/// <summary>What the receptionist does with one request.</summary>
/// <param name="Move">The move.</param>
/// <param name="EmergencyPhrase">The emergency that led to it.</param>
/// <param name="Greeting">Said before it, to the end: a caller cannot talk over the recording notice.</param>
/// <param name="Made">What was booked.</param>
internal sealed record Decision(Move Move, string? EmergencyPhrase = null, string? Greeting = null, MadeAppointment? Made = null)
{
    /// <summary>All that is said, as the transcript shows it.</summary>
    public string? Said => Greeting is null ? Move.Say : $"{Greeting} {Move.Say}";
}
