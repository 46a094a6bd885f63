using Carter;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Dapr;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>The caller has spoken a voicemail, and is still on the line or has hung up.</summary>
internal static class ReturnFromVoicemail
{
    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) =>
            app.MapPost(CallUrls.RecordedRoute, Handle).WithMetadata(new AnswersTwiML()).AddEndpointFilter<RequiresPosition>();
    }

    internal static async Task<TwiMLResult> Handle(CallWebhook webhook, Lines lines, CallEventPublisher publisher, TimeProvider clock)
    {
        var line = await lines.ResumeAsync(webhook, webhook.Position!);
        var callerGone = webhook.CallerGone || webhook.Text("Digits") == "hangup";
        var reply = Conversation.AfterVoicemail(
            line, webhook.Position!, webhook.RecordingSid(), webhook.Seconds("RecordingDuration"), callerGone, clock.GetUtcNow());
        await publisher.AcceptAsync(reply.Events);
        return new TwiMLResult(reply.Document);
    }
}
