using KestrelVoice.CallSimulator.Callers;

namespace KestrelVoice.CallSimulator.Scripts;

/// <summary>What in a script did not come true.</summary>
/// <param name="Line">Of the script.</param>
/// <param name="Reason">In words.</param>
public sealed record ScriptFailure(int Line, string Reason);

/// <summary>A caller who follows a script, and hangs up as soon as it no longer fits.</summary>
public sealed class ScriptedCaller(CallScript script) : Caller
{
    private readonly Queue<Step> steps = new(script.Steps);
    private readonly List<string> heard = [];
    private readonly List<string> verbs = [];
    private readonly Queue<string> dialled = new();
    private DateTimeOffset? silentUntil;

    /// <summary>A caller who takes these steps.</summary>
    public ScriptedCaller(params Step[] steps) : this(new CallScript(steps))
    {
    }

    /// <summary>The first expectation that did not come true; null while all is well.</summary>
    public ScriptFailure? Failure { get; private set; }

    /// <inheritdoc/>
    public override void Observe(TraceEntry entry)
    {
        if (entry is VerbPlayed verb)
            verbs.Add(verb.Verb);
    }

    /// <inheritdoc/>
    public override ValueTask<CallerMove> HearAsync(HeardMoment moment, CancellationToken cancellationToken)
    {
        if (moment.Text.Length > 0)
            heard.Add(moment.Text);
        while (steps.TryPeek(out var step) && step is Step.Hears or Step.Dialled or Step.Verb && Holds(step) is null)
            Done();
        return new(Peek() switch
        {
            Step.HangUp => Act(new CallerMove.HangUp()),
            Step.Say { Interrupts: true } say when moment.Asked => Act(new CallerMove.Speak(say.Words, say.Confidence)),
            Step.Press { Interrupts: true } press when moment.Asked => Act(new CallerMove.Press(press.Keys)),
            _ => CallerMove.Nothing,
        });
    }

    /// <inheritdoc/>
    public override ValueTask<CallerMove> AnswerAsync(AskedMoment moment, CancellationToken cancellationToken)
    {
        if (!ExpectationsHold())
            return new(new CallerMove.HangUp());

        return new(Peek() switch
        {
            Step.Say say => Act(new CallerMove.Speak(say.Words, say.Confidence)),
            Step.Press press => Act(new CallerMove.Press(press.Keys)),
            Step.Wait wait => StaySilent(wait, moment),
            Step.HangUp => Act(new CallerMove.HangUp()),
            null => new CallerMove.HangUp(),
            var other => Misfit(other, "the receptionist waits for an answer", new CallerMove.HangUp()),
        });
    }

    /// <inheritdoc/>
    public override ValueTask<Message> LeaveMessageAsync(BeepMoment moment, CancellationToken cancellationToken)
    {
        var hangUp = new Message(0, MessageEnd.HangUp);
        if (!ExpectationsHold())
            return new(hangUp);

        return new(Peek() switch
        {
            Step.Record record => Act(record.Message),
            Step.Say say => Act(new Message((int)Math.Ceiling(Verbs.Prompts.Spoken(say.Words).TotalSeconds), MessageEnd.Silence)),
            Step.Press press => Act(new Message(0, MessageEnd.Key, press.Keys[0])),
            Step.Wait => Act(new Message(0, MessageEnd.Silence)),
            Step.HangUp => Act(hangUp),
            null => hangUp,
            var other => Misfit(other, "the receptionist records a message", hangUp),
        });
    }

    /// <inheritdoc/>
    public override ValueTask<RingMove> PhoneRingsAsync(RingMoment moment, CancellationToken cancellationToken)
    {
        var hangUp = new RingMove(RingResult.CallerHangsUp);
        dialled.Enqueue(moment.Number);
        if (!ExpectationsHold())
            return new(hangUp);

        return new(Peek() switch
        {
            Step.Dial dial => Act(dial.Move),
            Step.HangUp => Act(hangUp),
            var other => Misfit(other, $"the phone {moment.Number} rings, and the script does not say what becomes of it (a dial step)", hangUp),
        });
    }

    /// <inheritdoc/>
    public override ValueTask CallEndedAsync(EndMoment moment, CancellationToken cancellationToken)
    {
        while (Failure is null && Peek() is { } step)
        {
            if (step is Step.Ends ends)
                Check(ends, Fits(ends, moment) ? null : $"expected the call to end as {ends.Status}, but it ended as {moment.Status}");
            else if (step.IsExpectation)
                Check(step, Holds(step));
            else
                Misfit(step, $"the call was ended by the {moment.By}{Since()}", step);
        }

        return ValueTask.CompletedTask;
    }

    private static bool Fits(Step.Ends ends, EndMoment moment) => ends.Status is null || ends.Status == moment.Status;

    private Step? Peek() => steps.TryPeek(out var step) ? step : null;

    private bool ExpectationsHold()
    {
        while (Failure is null && Peek() is { IsExpectation: true } step)
            Check(step, step is Step.Ends ? $"expected the call to end, but it goes on{Since()}" : Holds(step));
        return Failure is null;
    }

    private void Check(Step step, string? failure)
    {
        if (failure is not null)
            Failure = new ScriptFailure(step.Line, failure);
        else
            Done();
    }

    private void Done()
    {
        if (steps.Dequeue() is Step.Dialled)
            dialled.Dequeue();
    }

    private string? Holds(Step step) => step switch
    {
        Step.Hears hears when !hears.Text.In(string.Join(' ', heard)) => $"expected to hear {hears.Text}{Since()}",
        Step.HearsNot hears when hears.Text.In(string.Join(' ', heard)) => $"expected not to hear {hears.Text}{Since()}",
        Step.Dialled phone when !dialled.TryPeek(out var number) => $"expected {phone.Number} to be dialled, but no phone was",
        Step.Dialled phone when dialled.Peek() != phone.Number => $"expected {phone.Number} to be dialled, but {dialled.Peek()} was",
        Step.Verb verb when verbs.Count == 0 => $"expected a {verb.Name}, but there was nothing",
        Step.Verb verb when !verbs.Contains(verb.Name, StringComparer.Ordinal) => $"expected a {verb.Name}, but there was {string.Join(", ", verbs)}",
        _ => null,
    };

    private string Since() => heard.Count == 0 ? "; nothing was heard since" : $"; heard: {string.Join(' ', heard)}";

    private T Act<T>(T move)
    {
        steps.Dequeue();
        heard.Clear();
        verbs.Clear();
        return move;
    }

    private T Misfit<T>(Step? step, string situation, T otherwise)
    {
        Failure ??= new ScriptFailure(step?.Line ?? 0, step is null ? situation : $"{situation}, but the script says {step.GetType().Name}");
        return otherwise;
    }

    private CallerMove StaySilent(Step.Wait wait, AskedMoment moment)
    {
        if (wait.Seconds is not { } seconds)
            return Act(CallerMove.Nothing);

        silentUntil ??= moment.Now.AddSeconds(seconds);
        var left = silentUntil.Value - moment.Now;
        if (left >= moment.Patience)
            return CallerMove.Nothing;

        silentUntil = null;
        Act(wait);
        return Peek() switch
        {
            Step.Say say => Act(new CallerMove.Speak(say.Words, say.Confidence, Positive(left))),
            Step.Press press => Act(new CallerMove.Press(press.Keys, Positive(left))),
            Step.HangUp => Act(new CallerMove.HangUp(Positive(left))),
            _ => CallerMove.Nothing,
        };
    }

    private static TimeSpan Positive(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
