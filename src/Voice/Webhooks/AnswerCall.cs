using Carter;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Dapr;
using KestrelVoice.Voice.Receptionist;
using KestrelVoice.Voice.Tenants;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>A call reaches the number.</summary>
internal static class AnswerCall
{
    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app.MapPost(CallUrls.IncomingRoute, Handle).WithMetadata(new AnswersTwiML());
    }

    internal static async Task<TwiMLResult> Handle(
        CallWebhook webhook, TenantDirectory directory, CallSessions sessions, Lines lines, CallEventPublisher publisher, TimeProvider clock)
    {
        // Twilio repeats a request whose answer it missed: the call then exists, and began when it began.
        var finding = sessions.FindAsync(webhook.CallSid);
        var owner = await directory.FindAsync(webhook.To);
        var session = await finding;
        if (owner is Owner.Nobody)
            return new TwiMLResult(new VoiceResponse().Say(Script.NumberNotInService).Hangup());

        var now = clock.GetUtcNow();
        var live = session.Value ?? Begin(webhook, owner, now);
        var reply = Conversation.Open(lines.Of(live.Call, live.Settings, webhook), now, webhook.Text("ForwardedFrom"));
        var accepting = publisher.AcceptAsync(reply.Events);
        var saving = session.Value is null ? sessions.TrySaveAsync(live) : Task.FromResult(true);
        await Task.WhenAll(accepting, saving);
        return new TwiMLResult(reply.Document);
    }

    private static CallSession Begin(CallWebhook webhook, Owner owner, DateTimeOffset now)
    {
        var settings = (owner as Owner.Tenant)?.Settings;
        // Whole milliseconds, because that is what the URLs carry.
        var startedAt = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
        return new CallSession(webhook.Header(settings?.TenantId, startedAt), settings);
    }
}
