using System.Globalization;
using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Twiml;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Verbs;

/// <summary>Asks, then listens for words or keys.</summary>
internal sealed class GatherVerb(CallSession call, Prompts prompts)
{
    private static readonly TimeSpan DetectedPause = TimeSpan.FromSeconds(1);

    public async Task<Flow> PlayAsync(Gather gather, CancellationToken cancellationToken)
    {
        var move = await AskAsync(gather, cancellationToken);
        if (move is CallerMove.Silence)
            move = await ListenAsync(gather, cancellationToken);
        return move switch
        {
            CallerMove.HangUp => await HangUpAsync(cancellationToken),
            CallerMove.Speak speech => await TakeSpeechAsync(gather, speech, cancellationToken),
            CallerMove.Press keys => await TakeKeysAsync(gather, keys, cancellationToken),
            _ => await TakeNothingAsync(gather, cancellationToken),
        };
    }

    private async Task<CallerMove> AskAsync(Gather gather, CancellationToken cancellationToken)
    {
        foreach (var prompt in gather.Prompts)
        {
            var move = await prompts.PlayAsync(prompt, asked: true, cancellationToken);
            if (move is CallerMove.HangUp || (move is not CallerMove.Silence && gather.BargeIn && Heeds(gather, move)))
                return move;
            if (move is not CallerMove.Silence)
                Act(move, used: false);
        }

        return CallerMove.Nothing;
    }

    private async Task<CallerMove> ListenAsync(Gather gather, CancellationToken cancellationToken)
    {
        var patience = TimeSpan.FromSeconds(gather.Timeout);
        var move = await call.Caller.AnswerAsync(new AskedMoment(gather.Speech, gather.Keys, patience, call.Clock.GetUtcNow()), cancellationToken);
        if (move is CallerMove.Silence)
            return move;
        if (move is not CallerMove.HangUp && move.After >= patience)
        {
            Act(move, used: false);
            return CallerMove.Nothing;
        }

        await call.PassAsync(move.After, cancellationToken);
        if (move is CallerMove.HangUp || Heeds(gather, move))
            return move;
        Act(move, used: false);
        return CallerMove.Nothing;
    }

    private static bool Heeds(Gather gather, CallerMove move) => move switch
    {
        CallerMove.Speak => gather.Speech,
        CallerMove.Press => gather.Keys,
        _ => false,
    };

    private async Task<Flow> HangUpAsync(CancellationToken cancellationToken)
    {
        await call.EndAsync("caller", null, cancellationToken);
        return Flow.Dead;
    }

    private async Task<Flow> TakeSpeechAsync(Gather gather, CallerMove.Speak speech, CancellationToken cancellationToken)
    {
        Act(speech, used: true);
        var pause = gather.SpeechTimeout is { } seconds ? TimeSpan.FromSeconds(seconds) : DetectedPause;
        await call.PassAsync(Prompts.Spoken(speech.Words) + pause, cancellationToken);
        var confidence = speech.Confidence ?? (0.8 + (0.19 * call.Ids.Fraction("confidence")));
        return Act(gather, new("SpeechResult", speech.Words), new("Confidence", confidence.ToString("0.0######", CultureInfo.InvariantCulture)));
    }

    private async Task<Flow> TakeKeysAsync(Gather gather, CallerMove.Press keys, CancellationToken cancellationToken)
    {
        var finish = gather.FinishOnKey.Length == 0 ? -1 : keys.Keys.IndexOf(gather.FinishOnKey, StringComparison.Ordinal);
        var limit = gather.NumDigits ?? int.MaxValue;
        var finishedByKey = finish >= 0 && finish < limit;
        var digits = keys.Keys[..Math.Min(limit, finishedByKey ? finish : keys.Keys.Length)];
        Act(keys, used: true);

        // Neither enough keys nor the one that finishes: Twilio waits for more until its patience ends.
        var complete = finishedByKey || digits.Length == limit;
        await call.PassAsync(TimeSpan.FromSeconds((0.3 * keys.Keys.Length) + (complete ? 0 : gather.Timeout)), cancellationToken);
        if (digits.Length == 0)
            return await TakeNothingAsync(gather, TimeSpan.Zero, cancellationToken);
        return finishedByKey
            ? Act(gather, new("Digits", digits), new("FinishedOnKey", gather.FinishOnKey))
            : Act(gather, new KeyValuePair<string, string>("Digits", digits));
    }

    private Task<Flow> TakeNothingAsync(Gather gather, CancellationToken cancellationToken)
    {
        call.Add(new CallerActed(call.Clock.GetUtcNow(), "silent", ""));
        return TakeNothingAsync(gather, TimeSpan.FromSeconds(gather.Timeout), cancellationToken);
    }

    private async Task<Flow> TakeNothingAsync(Gather gather, TimeSpan waited, CancellationToken cancellationToken)
    {
        await call.PassAsync(waited, cancellationToken);
        return gather.ActionOnEmptyResult ? Act(gather) : Flow.Go;
    }

    private static Flow.Fetch Act(Gather gather, params KeyValuePair<string, string>[] extra) => new(WebhookKind.Action, gather.Action, extra);

    private void Act(CallerMove move, bool used) => call.Add(move switch
    {
        CallerMove.Speak speech => new CallerActed(call.Clock.GetUtcNow(), "said", speech.Words, used),
        CallerMove.Press keys => new CallerActed(call.Clock.GetUtcNow(), "pressed", keys.Keys, used),
        _ => throw new ArgumentOutOfRangeException(nameof(move), move, "Neither words nor keys."),
    });
}
