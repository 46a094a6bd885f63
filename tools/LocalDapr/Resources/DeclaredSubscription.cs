namespace KestrelVoice.LocalDapr.Resources;

/// <summary>Subscriptions written as resources, in either of their two versions.</summary>
internal static class DeclaredSubscription
{
    public static SubscriptionSpec Read(YamlMap document)
    {
        var spec = document.Map("spec") ?? throw document.Refuse("a subscription has no spec");
        if (spec.Map("bulkSubscribe")?.Flag("enabled") == true)
            throw document.Refuse("bulkSubscribe is not emulated by LocalDapr");
        var topic = spec.Required("topic");
        var routes = spec.Map("routes");
        var rules = (routes?.Maps("rules") ?? [])
            .Select(rule => RouteRule.TryParse(rule.Text("match") ?? "", rule.Required("path"))
                ?? throw document.Refuse($"the rule {rule.Text("match")} of topic '{topic}' is more CEL than LocalDapr reads: event.<attribute> == \"value\""))
            .ToArray();
        var path = routes?.Text("default") ?? spec.Text("route");
        if (rules.Length == 0 && string.IsNullOrEmpty(path))
            throw document.Refuse($"the subscription to topic '{topic}' has no route");

        var metadata = spec.TextMap("metadata");
        return new SubscriptionSpec(spec.Required("pubsubname"), topic)
        {
            Rules = rules,
            DefaultPath = string.IsNullOrEmpty(path) ? null : SubscriptionSpec.Rooted(path),
            DeadLetterTopic = spec.Text("deadLetterTopic") is { Length: > 0 } dead ? dead : null,
            RawPayload = metadata.GetValueOrDefault("rawPayload") is "true",
            Declared = true,
            Metadata = metadata,
        };
    }
}
