using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Receptionist;
using KestrelVoice.Voice.Tenants;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>Picks a call up again where its URL says it stands.</summary>
internal sealed class Lines(CallSessions sessions, TenantDirectory directory, PartySeal seal)
{
    public async Task<Line> ResumeAsync(CallWebhook webhook, CallPosition position)
    {
        var session = await sessions.FindAsync(webhook.CallSid);
        if (session.Value is { } live)
            return Of(live.Call, live.Settings, webhook);

        // What began without settings goes on without: nobody's name was said, and no key was offered.
        var settings = position.TenantId is not null && await directory.FindAsync(webhook.To) is Owner.Tenant tenant && tenant.Settings.TenantId == position.TenantId
            ? tenant.Settings
            : null;
        return Of(webhook.Header(position.TenantId, position.StartedAt), settings, webhook);
    }

    public Line Of(CallHeader call, RoutingSettings? settings, CallWebhook webhook) => new(call, settings, webhook.BaseUrl, seal.Seal(call));
}
