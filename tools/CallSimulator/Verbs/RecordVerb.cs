using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Recordings;
using KestrelVoice.CallSimulator.Twiml;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Verbs;

/// <summary>Takes a message after the beep.</summary>
internal sealed class RecordVerb(CallSession call)
{
    public async Task<Flow> PlayAsync(Record record, CancellationToken cancellationToken)
    {
        if (record.PlayBeep)
            call.Add(new CallerHeard(call.Clock.GetUtcNow(), "(beep)", Interrupted: false));
        var recording = new RunningRecording(call, "RecordVerb", channels: 1, "inbound", record.RecordingCallback);
        recording.Begin();
        var message = await call.Caller.LeaveMessageAsync(new BeepMoment(record.MaxLength, record.FinishOnKey), cancellationToken);
        var cut = message.Seconds >= record.MaxLength;
        var seconds = Math.Min(message.Seconds, record.MaxLength);
        call.Add(new CallerActed(call.Clock.GetUtcNow(), "recorded", $"{seconds} s"));
        await call.PassAsync(TimeSpan.FromSeconds(seconds), cancellationToken);

        if (!cut && message.End == MessageEnd.HangUp)
            return await HangUpAsync(record, recording, seconds, cancellationToken);
        var finishedByKey = !cut && message.End == MessageEnd.Key && record.FinishOnKey.Contains(message.Key, StringComparison.Ordinal);
        if (!cut && !finishedByKey)
            await call.PassAsync(TimeSpan.FromSeconds(record.Timeout), cancellationToken);
        recording.Finish(seconds);
        return seconds == 0
            ? Flow.Go
            : new Flow.Fetch(WebhookKind.Action, record.Action, Extra(recording, seconds, finishedByKey ? message.Key.ToString() : ""));
    }

    /// <summary>Twilio still tells of the message, but nobody is left to hear the answer.</summary>
    private async Task<Flow> HangUpAsync(Record record, RunningRecording recording, int seconds, CancellationToken cancellationToken)
    {
        await call.EndAsync("caller", null, cancellationToken);
        recording.Finish(seconds);
        if (seconds > 0)
            await call.FetchUnheardAsync(record.Action, Extra(recording, seconds, "hangup"), cancellationToken);
        return Flow.Dead;
    }

    private static KeyValuePair<string, string>[] Extra(RunningRecording recording, int seconds, string digits) =>
    [
        new("RecordingUrl", recording.Url),
        new("RecordingSid", recording.Sid),
        new("RecordingDuration", CallParameters.Number(seconds)),
        new("Digits", digits),
    ];
}
