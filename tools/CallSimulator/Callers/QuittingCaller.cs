namespace KestrelVoice.CallSimulator.Callers;

/// <summary>Behaves as another caller does, up to a moment, and then hangs up.</summary>
/// <param name="caller">The other one.</param>
/// <param name="moment">How many moments are lived through first: things heard, questions, beeps, rings.</param>
public sealed class QuittingCaller(Caller caller, int moment) : Caller
{
    private int lived;

    private bool Quits => lived++ >= moment;

    /// <inheritdoc/>
    public override ValueTask<CallerMove> HearAsync(HeardMoment moment, CancellationToken cancellationToken) =>
        Quits ? new(new CallerMove.HangUp()) : caller.HearAsync(moment, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<CallerMove> AnswerAsync(AskedMoment moment, CancellationToken cancellationToken) =>
        Quits ? new(new CallerMove.HangUp()) : caller.AnswerAsync(moment, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<Message> LeaveMessageAsync(BeepMoment moment, CancellationToken cancellationToken) =>
        Quits ? new(new Message(0, MessageEnd.HangUp)) : caller.LeaveMessageAsync(moment, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask<RingMove> PhoneRingsAsync(RingMoment moment, CancellationToken cancellationToken) =>
        Quits ? new(new RingMove(RingResult.CallerHangsUp)) : caller.PhoneRingsAsync(moment, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask CallEndedAsync(EndMoment moment, CancellationToken cancellationToken) => caller.CallEndedAsync(moment, cancellationToken);

    /// <inheritdoc/>
    public override void Observe(TraceEntry entry) => caller.Observe(entry);
}
