using KestrelVoice.CallSimulator.Twiml;
using KestrelVoice.CallSimulator.Webhooks;

namespace KestrelVoice.CallSimulator.Recordings;

/// <summary>A recording from its start until its file is there and its callback planned.</summary>
internal sealed class RunningRecording(CallSession call, string source, int channels, string track, Callback? callback)
{
    private static readonly TimeSpan Processing = TimeSpan.FromSeconds(2);
    private readonly DateTimeOffset startedAt = call.Clock.GetUtcNow();

    public string Sid { get; } = call.Ids.Sid("RE");

    public string Url => call.RecordingUrl(Sid);

    public void Begin()
    {
        if (callback?.Wants("in-progress") == true)
            Enqueue("in-progress", 0, TimeSpan.Zero);
    }

    public void Finish() => Finish((int)Math.Round((call.Clock.GetUtcNow() - startedAt).TotalSeconds));

    public void Finish(int seconds)
    {
        if (seconds == 0)
        {
            if (callback?.Wants("absent") == true)
                Enqueue("absent", 0, Processing);
            return;
        }

        call.Add(new RecordingMade(call.Clock.GetUtcNow(), Sid, source, seconds));
        if (call.Plan.RecordingsFolder is { } folder)
        {
            var facts = new RecordingFacts(Sid, call.Plan.AccountSid, call.CallSid, seconds, channels, source, startedAt);
            call.Enqueue(Processing, token => RecordingFile.WriteAsync(folder, facts, token));
        }

        if (callback?.Wants("completed") == true)
            Enqueue("completed", seconds, Processing);
    }

    private void Enqueue(string status, int seconds, TimeSpan @in) => call.Enqueue(
        WebhookKind.RecordingStatus, callback!, call.Parameters.Recording(Sid, Url, status, seconds, channels, source, track, startedAt), @in);
}
