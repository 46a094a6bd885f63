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

    internal static async Task<TwiMLResult> Handle(CallWebhook webhook, Lines lines, AppointmentDesk desk, CallEventPublisher publisher, TimeProvider clock)
    {
        var input = CallerInput.Of(
            webhook.Text("Digits"), webhook.Text("SpeechResult", CallerInput.MaxSpeechLength), webhook.Fraction("Confidence"));
        var position = webhook.Position!;
        var line = await lines.ResumeAsync(webhook, position);
        // For somebody who is gone nothing is looked up; but who said yes and then hung up has booked.
        var errand = Conversation.ErrandOf(line, position, input) is { } wanted && (wanted is Errand.Book || !webhook.CallerGone) ? wanted : null;
        var answer = errand is null ? null : await desk.RunAsync(line.Call, position.Block, errand);
        var reply = Conversation.Hear(line, position, input, answer, webhook.CallerGone, clock.GetUtcNow());
        var accepting = publisher.AcceptAsync(reply.Events);
        var keeping = errand is null ? Task.CompletedTask : desk.KeepAsync(line.Call, position.Block, answer);
        await Task.WhenAll(accepting, keeping);
        return new TwiMLResult(reply.Document);
    }
}
