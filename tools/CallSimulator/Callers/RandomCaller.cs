namespace KestrelVoice.CallSimulator.Callers;

/// <summary>A caller who does anything a caller might do, always the same for the same seed: for load and for chaos.</summary>
public sealed class RandomCaller(int seed) : Caller
{
    private static readonly string[] Lines =
    [
        "my kitchen sink leaks", "I would like an appointment on Thursday", "a pipe burst and my basement is flooding", "what do you charge for a water heater",
        "can somebody call me back", "no thank you", "yes please", "I smell gas", "let me talk to a person",
    ];

    private readonly Random random = new(seed);
    private int questions;

    /// <inheritdoc/>
    public override ValueTask<CallerMove> HearAsync(HeardMoment moment, CancellationToken cancellationToken) =>
        new(random.Next(50) == 0 ? new CallerMove.HangUp() : CallerMove.Nothing);

    /// <inheritdoc/>
    public override ValueTask<CallerMove> AnswerAsync(AskedMoment moment, CancellationToken cancellationToken) => new(
        questions++ > 8
            ? new CallerMove.HangUp()
            : random.Next(10) switch
            {
                < 5 => new CallerMove.Speak(Lines[random.Next(Lines.Length)]),
                < 7 => new CallerMove.Press("0129#*"[random.Next(6)].ToString()),
                < 9 => CallerMove.Nothing,
                _ => new CallerMove.HangUp(),
            });

    /// <inheritdoc/>
    public override ValueTask<Message> LeaveMessageAsync(BeepMoment moment, CancellationToken cancellationToken) =>
        new(new Message(random.Next(20), (MessageEnd)random.Next(3)));

    /// <inheritdoc/>
    public override ValueTask<RingMove> PhoneRingsAsync(RingMoment moment, CancellationToken cancellationToken) =>
        new(new RingMove((RingResult)random.Next(6), TalkSeconds: random.Next(1, 120), RingSeconds: random.Next(1, 10), CallerEnds: random.Next(2) == 0));
}
