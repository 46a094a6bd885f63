using System.Globalization;
using KestrelVoice.CallSimulator.Callers;

namespace KestrelVoice.CallSimulator.Command;

/// <summary>You are the caller, and whoever answers the phone.</summary>
internal sealed class InteractiveCaller(TextReader input, CallPrinter printer) : Caller
{
    private const int DefaultMessage = 8;

    public override async ValueTask<CallerMove> AnswerAsync(AskedMoment moment, CancellationToken cancellationToken)
    {
        printer.Question("You:");
        return await ReadAsync(cancellationToken) switch
        {
            null or "/hangup" => new CallerMove.HangUp(),
            "" or "/wait" => CallerMove.Nothing,
            var keys when keys.All(key => char.IsAsciiDigit(key) || key is '*' or '#') => new CallerMove.Press(keys),
            var words => new CallerMove.Speak(words),
        };
    }

    public override async ValueTask<Message> LeaveMessageAsync(BeepMoment moment, CancellationToken cancellationToken)
    {
        printer.Question($"Your message: how many seconds do you speak? (Enter: {DefaultMessage}; 5# ends it with a key; /wait leaves none; /hangup)");
        return await ReadAsync(cancellationToken) switch
        {
            null or "/hangup" => new Message(0, MessageEnd.HangUp),
            "/wait" => new Message(0, MessageEnd.Silence),
            "" => new Message(DefaultMessage, MessageEnd.Silence),
            var text when Seconds(text) is { } seconds => new Message(seconds, MessageEnd.Silence),
            [.. var text, '#' or '*'] key when Seconds(text) is { } seconds => new Message(seconds, MessageEnd.Key, key[^1]),
            var words => new Message((int)Math.Ceiling(Verbs.Prompts.Spoken(words).TotalSeconds), MessageEnd.Silence),
        };
    }

    public override async ValueTask<RingMove> PhoneRingsAsync(RingMoment moment, CancellationToken cancellationToken)
    {
        printer.Question($"The phone {moment.Number} rings. Does somebody answer? (seconds they talk; b busy, n no answer, f failed; /hangup: you give up)");
        return await ReadAsync(cancellationToken) switch
        {
            null or "/hangup" => new RingMove(RingResult.CallerHangsUp),
            "b" => new RingMove(RingResult.Busy),
            "f" => new RingMove(RingResult.Failed),
            "y" or "" => RingMove.Answered(30),
            var text when Seconds(text) is { } seconds => RingMove.Answered(seconds),
            _ => new RingMove(RingResult.NoAnswer),
        };
    }

    private static int? Seconds(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : null;

    /// <summary>A terminal's ReadLine cannot be cancelled, so the wait for it is.</summary>
    private async Task<string?> ReadAsync(CancellationToken cancellationToken) =>
        (await Task.Run(input.ReadLine, cancellationToken).WaitAsync(cancellationToken))?.Trim();
}
