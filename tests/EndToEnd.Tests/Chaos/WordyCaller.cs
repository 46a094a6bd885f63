using KestrelVoice.CallSimulator.Callers;

namespace KestrelVoice.EndToEnd.Tests.Chaos;

/// <summary>Says things that no other call says, sometimes an emergency, sometimes keys; may hang up at any moment.</summary>
internal sealed class WordyCaller(int index, int seed) : Caller
{
    private static readonly string[] Complaints =
        ["the kitchen tap drips", "a pipe burst in the basement", "can I talk to a person", "the water heater makes a noise", "I smell gas", "no that is all"];

    private readonly Random random = new((seed * 1000) + index);
    private int said;

    public override ValueTask<CallerMove> AnswerAsync(AskedMoment moment, CancellationToken cancellationToken) => new(random.Next(10) switch
    {
        0 => new CallerMove.HangUp(),
        1 when moment.Keys => new CallerMove.Press("0"),
        2 when moment.Keys => new CallerMove.Press("9"),
        3 => CallerMove.Nothing,
        _ when moment.Speech => new CallerMove.Speak($"This is caller {index}, point {++said}: {Complaints[random.Next(Complaints.Length)]}"),
        _ => CallerMove.Nothing,
    });

    public override ValueTask<Message> LeaveMessageAsync(BeepMoment moment, CancellationToken cancellationToken) =>
        new(new Message(random.Next(0, 6), random.Next(2) == 0 ? MessageEnd.HangUp : MessageEnd.Silence));

    public override ValueTask<RingMove> PhoneRingsAsync(RingMoment moment, CancellationToken cancellationToken) =>
        new(random.Next(2) == 0 ? RingMove.Answered(random.Next(5, 60)) : new RingMove(RingResult.NoAnswer));
}
