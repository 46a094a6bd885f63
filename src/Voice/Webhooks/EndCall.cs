using System.Globalization;
using Carter;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Dapr;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>Twilio tells a call's status. Only the end is news.</summary>
internal static class EndCall
{
    private const int MaxSipResponseCode = 699;

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app.MapPost(CallUrls.StatusRoute, Handle);
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        CallWebhook webhook, CallSessions sessions, CallEventPublisher publisher, TimeProvider clock)
    {
        if (!CallStatuses.IsKnown(webhook.CallStatus))
            return CallbackResults.Invalid("CallStatus is not one of Twilio's.");
        // The legs we dial are part of their parent's story.
        if (!CallStatuses.IsTerminal(webhook.CallStatus) || webhook.Text("ParentCallSid") is not null)
            return TypedResults.NoContent();

        var session = await sessions.FindAsync(webhook.CallSid);
        // The first end stands: a repeat, or a late word to the contrary, tells it again unchanged.
        var ended = session.Value?.Ended ?? EndOf(webhook, session.Value?.Call, clock.GetUtcNow());
        var saving = session.Value is { Ended: null } live ? sessions.TrySaveAsync(live with { Ended = ended }, session.ETag) : Task.FromResult(true);
        var accepting = publisher.AcceptAsync([ended]);
        await Task.WhenAll(saving, accepting);
        return await accepting == Acceptance.Published ? TypedResults.NoContent() : CallbackResults.TryAgain();
    }

    private static CallEnded EndOf(CallWebhook webhook, CallHeader? known, DateTimeOffset now)
    {
        var at = TimeOf(webhook) ?? now;
        var duration = webhook.Seconds("CallDuration");
        var header = known ?? webhook.Header(tenantId: null, at - TimeSpan.FromSeconds(duration));
        var sip = webhook.Seconds("SipResponseCode");
        return new CallEnded(
            CallEventIds.Of(webhook.CallSid, CallEventTypes.Ended, CallEventIds.EndedSequence), header, CallEventIds.EndedSequence, at,
            webhook.CallStatus, duration, sip is >= 100 and <= MaxSipResponseCode ? sip : null);
    }

    private static DateTimeOffset? TimeOf(CallWebhook webhook) =>
        DateTimeOffset.TryParseExact(
            webhook.Text("Timestamp"), "ddd, dd MMM yyyy HH:mm:ss zzz", CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var time)
            ? time
            : null;
}
