using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Receptionist;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>What the caller gets when we ourselves have failed: a voicemail that needs nothing but the next request.</summary>
internal static class LastResort
{
    // Beyond any block that a conversation reaches, so that no sequence number is used twice.
    private const int Block = 500;

    public static VoiceResponse For(HttpContext context, CallWebhook webhook)
    {
        if (context.Request.Path.Value?.EndsWith(CallUrls.RecordedRoute, StringComparison.Ordinal) == true)
            return new VoiceResponse().Say(Script.Goodbye).Hangup();
        var position = webhook.Position ?? CallPosition.First(context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow(), tenantId: null);
        var header = webhook.Header(position.TenantId, position.StartedAt);
        var line = new Line(header, Settings: null, webhook.BaseUrl, context.RequestServices.GetRequiredService<PartySeal>().Seal(header));
        return Stage.Direct(line, position with { Block = Block }, new Decision(new Move.TakeVoicemail(Script.LostThread, Urgent: position.Target == DialTarget.OnCall)));
    }
}
