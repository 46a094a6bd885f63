namespace KestrelVoice.CallSimulator.Callers;

/// <summary>What the caller does while listening or when asked.</summary>
/// <param name="After">How long the caller waits first.</param>
public abstract record CallerMove(TimeSpan After)
{
    /// <summary>Nothing.</summary>
    public sealed record Silence() : CallerMove(TimeSpan.Zero);

    /// <summary>Speaks.</summary>
    /// <param name="Words">What.</param>
    /// <param name="Confidence">Of the speech recognition; null draws one from the seed.</param>
    public sealed record Speak(string Words, double? Confidence = null, TimeSpan After = default) : CallerMove(After);

    /// <summary>Presses keys.</summary>
    /// <param name="Keys">Of <c>0-9 * #</c>.</param>
    public sealed record Press(string Keys, TimeSpan After = default) : CallerMove(After);

    /// <summary>Hangs up.</summary>
    public sealed record HangUp(TimeSpan After = default) : CallerMove(After);

    /// <summary>Says and presses nothing.</summary>
    public static CallerMove Nothing { get; } = new Silence();
}

/// <summary>How a recorded message ends.</summary>
public enum MessageEnd
{
    /// <summary>The caller falls silent until Twilio stops.</summary>
    Silence,

    /// <summary>The caller presses a key.</summary>
    Key,

    /// <summary>The caller hangs up.</summary>
    HangUp,
}

/// <summary>What the caller leaves after the beep.</summary>
/// <param name="Seconds">How long the caller speaks; 0 for nothing.</param>
/// <param name="End">How it ends.</param>
/// <param name="Key">The key pressed, for <see cref="MessageEnd.Key"/>.</param>
public sealed record Message(int Seconds, MessageEnd End, char Key = '#');

/// <summary>What becomes of a phone that rings.</summary>
public enum RingResult
{
    /// <summary>Somebody answers.</summary>
    Answered,

    /// <summary>It is busy.</summary>
    Busy,

    /// <summary>It rings out.</summary>
    NoAnswer,

    /// <summary>There is no such line.</summary>
    Failed,

    /// <summary>The attempt is called off while it rings.</summary>
    Canceled,

    /// <summary>The caller gives up while it rings.</summary>
    CallerHangsUp,
}

/// <summary>How a dialled phone is answered.</summary>
/// <param name="Result">What becomes of it.</param>
/// <param name="TalkSeconds">How long they talk when it is answered.</param>
/// <param name="RingSeconds">How long it rings first, when it is answered or given up.</param>
/// <param name="CallerEnds">Whether the caller, not the other side, ends the talk.</param>
public sealed record RingMove(RingResult Result, int TalkSeconds = 0, int RingSeconds = 4, bool CallerEnds = false)
{
    /// <summary>Somebody answers and talks.</summary>
    public static RingMove Answered(int talkSeconds, bool callerEnds = false) => new(RingResult.Answered, talkSeconds, CallerEnds: callerEnds);
}
