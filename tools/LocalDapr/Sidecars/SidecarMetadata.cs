using System.Collections.Concurrent;
using KestrelVoice.LocalDapr.Resources;

namespace KestrelVoice.LocalDapr.Sidecars;

/// <summary>What a sidecar tells about itself.</summary>
internal sealed class SidecarMetadata(AppResources resources)
{
    /// <summary>The runtime whose behaviour is emulated; clients compare it when they decide what they may call.</summary>
    public const string RuntimeVersion = "1.19.0";

    private readonly ConcurrentDictionary<string, string> _extended = new(StringComparer.Ordinal) { ["daprRuntimeVersion"] = RuntimeVersion };

    public IEnumerable<Component> Components => resources.Components.Values;

    public IReadOnlyList<SubscriptionSpec> Subscriptions { get; set; } = [];

    public IDictionary<string, string> Extended => _extended;

    public void Set(string key, string value) => _extended[key] = value;

    public static IReadOnlyList<string> CapabilitiesOf(Component component) => component switch
    {
        { IsState: true } => ["ETAG", "TRANSACTIONAL", "TTL"],
        _ => [],
    };

    public static IEnumerable<(string Match, string Path)> RoutesOf(SubscriptionSpec subscription)
    {
        foreach (var rule in subscription.Rules)
            yield return (rule.Match, rule.Path);
        if (subscription.DefaultPath is { } path)
            yield return ("", path);
    }
}
