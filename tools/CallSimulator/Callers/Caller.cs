namespace KestrelVoice.CallSimulator.Callers;

/// <summary>What the caller hears.</summary>
/// <param name="Verb"><c>Say</c>, <c>Play</c> or <c>Pause</c>.</param>
/// <param name="Text">The words; a file's URL; empty for silence.</param>
/// <param name="Asked">Whether it is part of a question that can be answered at once.</param>
public sealed record HeardMoment(string Verb, string Text, bool Asked);

/// <summary>The receptionist waits for an answer.</summary>
/// <param name="Speech">Whether words are listened for.</param>
/// <param name="Keys">Whether keys are listened for.</param>
/// <param name="Patience">How long it waits for a first word or key.</param>
/// <param name="Now">Simulated time.</param>
public sealed record AskedMoment(bool Speech, bool Keys, TimeSpan Patience, DateTimeOffset Now);

/// <summary>After the beep.</summary>
/// <param name="MaxSeconds">The longest message taken.</param>
/// <param name="FinishKeys">Keys that end it.</param>
public sealed record BeepMoment(int MaxSeconds, string FinishKeys);

/// <summary>A phone rings.</summary>
/// <param name="Number">Whose.</param>
/// <param name="TimeoutSeconds">How long it will ring.</param>
public sealed record RingMoment(string Number, int TimeoutSeconds);

/// <summary>The line is dead.</summary>
/// <param name="Status">Twilio's terminal status.</param>
/// <param name="By"><c>caller</c>, <c>receptionist</c> or <c>twilio</c>.</param>
public sealed record EndMoment(string Status, string By);

/// <summary>The person on the phone, and whoever answers when a phone is dialled. One instance a call.</summary>
public abstract class Caller
{
    /// <summary>After each thing heard. Anything but nothing cuts it short.</summary>
    public virtual ValueTask<CallerMove> HearAsync(HeardMoment moment, CancellationToken cancellationToken) => new(CallerMove.Nothing);

    /// <summary>The receptionist waits for an answer; nothing lets it wait in vain.</summary>
    public virtual ValueTask<CallerMove> AnswerAsync(AskedMoment moment, CancellationToken cancellationToken) => new(CallerMove.Nothing);

    /// <summary>A message can be left.</summary>
    public virtual ValueTask<Message> LeaveMessageAsync(BeepMoment moment, CancellationToken cancellationToken) => new(new Message(0, MessageEnd.Silence));

    /// <summary>A phone is dialled.</summary>
    public virtual ValueTask<RingMove> PhoneRingsAsync(RingMoment moment, CancellationToken cancellationToken) => new(new RingMove(RingResult.NoAnswer));

    /// <summary>The call is over.</summary>
    public virtual ValueTask CallEndedAsync(EndMoment moment, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>Sees all that happens in the call, before the moments above.</summary>
    public virtual void Observe(TraceEntry entry)
    {
    }
}
