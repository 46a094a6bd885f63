using System.Diagnostics;
using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Recordings;
using KestrelVoice.CallSimulator.Twiml;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Verbs;

/// <summary>Rings phones, and connects the first that is answered.</summary>
internal sealed class DialVerb(CallSession call)
{
    private static readonly TimeSpan SetUp = TimeSpan.FromSeconds(1);

    public async Task<Flow> PlayAsync(Dial dial, CancellationToken cancellationToken)
    {
        if (!dial.AnswerOnBridge)
            await call.AnswerAsync(cancellationToken);
        var legs = dial.Numbers.Select(number => new Leg(call, dial, number)).ToList();
        var last = legs[0];
        var move = new RingMove(RingResult.NoAnswer);
        if (!dial.Sequential)
            legs.ForEach(leg => leg.Ring());
        foreach (var leg in legs)
        {
            last = leg;
            if (dial.Sequential)
                leg.Ring();
            move = await call.Caller.PhoneRingsAsync(new RingMoment(leg.Number, dial.Timeout), cancellationToken);
            if (move is { Result: RingResult.Answered } && move.RingSeconds >= dial.Timeout)
                move = new RingMove(RingResult.NoAnswer);
            if (dial.Sequential || legs.Count == 1 || move.Result is RingResult.Answered or RingResult.CallerHangsUp)
                await call.PassAsync(RingTime(move, dial.Timeout), cancellationToken);
            if (move.Result is RingResult.Answered or RingResult.CallerHangsUp)
                break;
            leg.Ended(StatusOf(move.Result), null);
        }

        foreach (var other in legs.Where(leg => leg != last))
            other.Ended("canceled", null);
        return move.Result switch
        {
            RingResult.Answered => await TalkAsync(dial, last, move, cancellationToken),
            RingResult.CallerHangsUp => await GiveUpAsync(dial, last, cancellationToken),
            _ => After(dial, Extra(last, StatusOf(move.Result), null)),
        };
    }

    private async Task<Flow> TalkAsync(Dial dial, Leg leg, RingMove move, CancellationToken cancellationToken)
    {
        await call.AnswerAsync(cancellationToken);
        leg.Answered();
        var seconds = Math.Min(move.TalkSeconds, dial.TimeLimit);
        var recording = dial.RecordedChannels > 0 ? new RunningRecording(call, "DialVerb", dial.RecordedChannels, "both", dial.RecordingCallback) : null;
        recording?.Begin();
        await call.PassAsync(TimeSpan.FromSeconds(seconds), cancellationToken);

        recording?.Finish(seconds);
        leg.Ended("completed", seconds);
        List<KeyValuePair<string, string>> extra = [.. Extra(leg, "completed", seconds)];
        if (recording is not null)
            extra.AddRange([new("RecordingUrl", recording.Url), new("RecordingSid", recording.Sid)]);
        return move.CallerEnds ? await HangUpAsync(dial, extra, cancellationToken) : After(dial, extra);
    }

    private async Task<Flow> GiveUpAsync(Dial dial, Leg leg, CancellationToken cancellationToken)
    {
        leg.Ended("canceled", null);
        return await HangUpAsync(dial, Extra(leg, "canceled", null), cancellationToken);
    }

    /// <summary>Twilio still tells how the dialling went, but nobody is left to hear the answer.</summary>
    private async Task<Flow> HangUpAsync(Dial dial, IReadOnlyList<KeyValuePair<string, string>> extra, CancellationToken cancellationToken)
    {
        await call.EndAsync("caller", null, cancellationToken);
        if (dial.Action is { } action)
            await call.FetchUnheardAsync(action, extra, cancellationToken);
        return Flow.Dead;
    }

    private static Flow After(Dial dial, IReadOnlyList<KeyValuePair<string, string>> extra) =>
        dial.Action is { } action ? new Flow.Fetch(WebhookKind.Action, action, extra) : Flow.Go;

    private static List<KeyValuePair<string, string>> Extra(Leg leg, string status, int? seconds)
    {
        List<KeyValuePair<string, string>> extra =
        [
            new("DialCallStatus", status),
            new("DialCallSid", leg.Sid),
            new("DialBridged", status == "completed" ? "true" : "false"),
        ];
        if (seconds is { } talked)
            extra.Add(new("DialCallDuration", CallParameters.Number(talked)));
        return extra;
    }

    private static TimeSpan RingTime(RingMove move, int timeout) => TimeSpan.FromSeconds(move.Result switch
    {
        RingResult.Answered or RingResult.CallerHangsUp => Math.Min(move.RingSeconds, timeout),
        RingResult.NoAnswer => timeout,
        RingResult.Busy => 2,
        RingResult.Failed => 1,
        RingResult.Canceled => 3,
        _ => throw new UnreachableException(),
    });

    private static string StatusOf(RingResult result) => result switch
    {
        RingResult.Answered => "completed",
        RingResult.Busy => "busy",
        RingResult.NoAnswer => "no-answer",
        RingResult.Failed => "failed",
        RingResult.Canceled or RingResult.CallerHangsUp => "canceled",
        _ => throw new UnreachableException(),
    };

    /// <summary>The call to one dialled phone.</summary>
    private sealed class Leg(CallSession call, Dial dial, DialledNumber noun)
    {
        private int sequence;
        private bool over;

        public string Sid { get; } = call.Ids.Sid("CA");

        public string Number => noun.Number;

        public void Ring()
        {
            Tell("initiated", "initiated", null, TimeSpan.Zero);
            Tell("ringing", "ringing", null, SetUp);
        }

        public void Answered() => Tell("answered", "in-progress", null, TimeSpan.Zero);

        public void Ended(string status, int? seconds)
        {
            if (over)
                return;
            over = true;
            call.Add(new PhoneDialled(call.Clock.GetUtcNow(), Number, status, seconds ?? 0));
            Tell("completed", status, seconds ?? 0, TimeSpan.Zero);
        }

        private void Tell(string callbackEvent, string status, int? seconds, TimeSpan @in)
        {
            if (noun.StatusCallback is not { } callback || !callback.Wants(callbackEvent))
                return;
            var from = dial.CallerId ?? call.Plan.From;
            var parameters = call.Parameters.Leg(Sid, from, Number, status, sequence++, seconds, call.Clock.GetUtcNow() + @in);
            call.Enqueue(WebhookKind.LegStatus, callback, parameters, @in);
        }
    }
}
