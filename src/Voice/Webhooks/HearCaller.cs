using Carter;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Dapr;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>The caller said or pressed something, or kept silent.</summary>
internal static class HearCaller
{
    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) =>
            app.MapPost(CallUrls.TurnRoute, Handle).WithMetadata(new AnswersTwiML()).AddEndpointFilter<RequiresPosition>();
    }

    internal static async Task<TwiMLResult> Handle(CallWebhook webhook, Lines lines, CallEventPublisher publisher, TimeProvider clock)
    {
        var input = CallerInput.Of(
            webhook.Text("Digits"), webhook.Text("SpeechResult", CallerInput.MaxSpeechLength), webhook.Fraction("Confidence"));
        var line = await lines.ResumeAsync(webhook, webhook.Position!);
        var reply = Conversation.Hear(line, webhook.Position!, input, webhook.CallerGone, clock.GetUtcNow());
        await publisher.AcceptAsync(reply.Events);
        return new TwiMLResult(reply.Document);
    }
}
