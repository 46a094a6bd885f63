using Carter;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Dapr;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>An attempt to put the caller through ended, be it after a good talk.</summary>
internal static class ReturnFromDial
{
    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) =>
            app.MapPost(CallUrls.DialedRoute, Handle).WithMetadata(new AnswersTwiML()).AddEndpointFilter<RequiresPosition>();
    }

    internal static async Task<TwiMLResult> Handle(CallWebhook webhook, Lines lines, CallEventPublisher publisher, TimeProvider clock)
    {
        var result = CallStatuses.OfDial(webhook.Text("DialCallStatus"));
        // A mailbox or a phone that is picked up and put down again completes without a bridge.
        var bridged = result == "completed" && webhook.Flag("DialBridged") != false;
        var line = await lines.ResumeAsync(webhook, webhook.Position!);
        var reply = Conversation.AfterDial(line, webhook.Position!, result, bridged, webhook.Seconds("DialCallDuration"), webhook.CallerGone, clock.GetUtcNow());
        await publisher.AcceptAsync(reply.Events);
        return new TwiMLResult(reply.Document);
    }
}
