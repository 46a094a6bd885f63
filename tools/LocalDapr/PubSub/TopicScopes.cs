using KestrelVoice.LocalDapr.Resources;

namespace KestrelVoice.LocalDapr.PubSub;

/// <summary>Which topics of a component one app may publish and subscribe to.</summary>
internal sealed class TopicScopes
{
    private readonly HashSet<string> _allowed;
    private readonly HashSet<string> _protected;
    private readonly HashSet<string>? _publishing;
    private readonly HashSet<string>? _subscribing;

    public TopicScopes(Component component, string appId)
    {
        _allowed = [.. List(component.Get("allowedTopics"))];
        _protected = [.. List(component.Get("protectedTopics"))];
        _publishing = Own(component, "publishingScopes", appId);
        _subscribing = Own(component, "subscriptionScopes", appId);
    }

    public bool MayPublish(string topic) => May(topic, _publishing);

    public bool MaySubscribe(string topic) => May(topic, _subscribing);

    // An app that a scope does not list is free, except for protected topics.
    private bool May(string topic, HashSet<string>? own)
    {
        if (_allowed.Count > 0 && !_allowed.Contains(topic))
            return false;
        return own is null ? !_protected.Contains(topic) : own.Contains(topic);
    }

    private static HashSet<string>? Own(Component component, string name, string appId)
    {
        foreach (var entry in (component.Get(name) ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split('=', 2);
            if (parts.Length != 2)
                throw component.Refuse($"{name} has '{entry}', which is not app=topic,topic");
            if (parts[0].Trim() == appId)
                return [.. List(parts[1])];
        }
        return null;
    }

    private static string[] List(string? text) =>
        (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
