using Carter;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Dapr;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>Twilio finished a recording, or failed to make it.</summary>
internal static class TakeRecording
{
    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app)
        {
            app.MapPost(CallUrls.CallRecordingRoute, HandleCall).AddEndpointFilter<RequiresPosition>();
            app.MapPost(CallUrls.VoicemailRecordingRoute, HandleVoicemail).AddEndpointFilter<RequiresPosition>();
        }
    }

    internal static Task<Results<NoContent, ProblemHttpResult>> HandleCall(CallWebhook webhook, Lines lines, CallEventPublisher publisher, TimeProvider clock) =>
        Handle(RecordingKind.Call, webhook, lines, publisher, clock);

    internal static Task<Results<NoContent, ProblemHttpResult>> HandleVoicemail(CallWebhook webhook, Lines lines, CallEventPublisher publisher, TimeProvider clock) =>
        Handle(RecordingKind.Voicemail, webhook, lines, publisher, clock);

    private static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        RecordingKind kind, CallWebhook webhook, Lines lines, CallEventPublisher publisher, TimeProvider clock)
    {
        if (webhook.RecordingSid() is not { } recordingSid)
            return CallbackResults.Invalid("RecordingSid must name a recording.");
        if (webhook.Text("RecordingStatus") is not ("completed" or "absent" or "failed" or "in-progress" or "paused" or "stopped" or "processing"))
            return CallbackResults.Invalid("RecordingStatus is not one of Twilio's.");
        if (webhook.Text("RecordingStatus") is not ("completed" or "absent" or "failed"))
            return TypedResults.NoContent();

        var available = webhook.Text("RecordingStatus") == "completed";
        var line = await lines.ResumeAsync(webhook, webhook.Position!);
        var sequence = CallSequence.Of(webhook.Position!.Block, SlotOf(kind, available));
        var ready = new RecordingReady(
            CallEventIds.Of(webhook.CallSid, CallEventTypes.Recording, sequence), line.Call, sequence, clock.GetUtcNow(),
            recordingSid, kind, available, available ? webhook.Seconds("RecordingDuration") : 0);
        return await publisher.AcceptAsync([ready]) == Acceptance.Published ? TypedResults.NoContent() : CallbackResults.TryAgain();
    }

    private static Slot SlotOf(RecordingKind kind, bool available) => (kind, available) switch
    {
        (RecordingKind.Voicemail, true) => Slot.VoicemailRecordingAvailable,
        (RecordingKind.Voicemail, false) => Slot.VoicemailRecordingAbsent,
        (_, true) => Slot.CallRecordingAvailable,
        (_, false) => Slot.CallRecordingAbsent,
    };
}
