using Dapr;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Calls;

/// <summary>How this feature subscribes to <see cref="Topics.Calls"/>: a route for each event type, and one for all others.</summary>
internal static class CallSubscription
{
    public static TopicOptions To(string eventType, int priority) => new()
    {
        PubsubName = Components.PubSub,
        Name = Topics.Calls,
        DeadLetterTopic = Topics.CallsDead,
        Match = $"event.type == \"{eventType}\"",
        Priority = priority,
    };

    /// <summary>The dead-letter topic of a subscription is taken from its default route.</summary>
    public static TopicOptions ToOthers { get; } = new()
    {
        PubsubName = Components.PubSub,
        Name = Topics.Calls,
        DeadLetterTopic = Topics.CallsDead,
    };

    public static TopicOptions ToDeadLetters { get; } = new() { PubsubName = Components.PubSub, Name = Topics.CallsDead };

    /// <summary>What the host has published to itself.</summary>
    public static TopicOptions ToHostDeadLetters { get; } = new() { PubsubName = Components.PubSub, Name = Topics.HostDead };
}
