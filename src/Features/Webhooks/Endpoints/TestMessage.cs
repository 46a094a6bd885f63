using System.ComponentModel;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Webhooks.Endpoints;

/// <summary>A test that is on its way, or recorded in a sandbox.</summary>
internal sealed record TestMessage(
    [property: Description("Of the message, msg_ + 26 characters.")] string Id,
    string Event,
    [property: Description("Where to read what came of it.")] string Url)
{
    public static TestMessage Of(string receiverId, Guid messageId, string type)
    {
        var id = TypeId.Format(TypeId.WebhookMessage, messageId);
        return new TestMessage(id, type, $"/api/webhooks/{receiverId}/messages/{id}");
    }
}
