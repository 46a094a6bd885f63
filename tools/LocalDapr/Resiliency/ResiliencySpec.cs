using System.Collections.Concurrent;
using KestrelVoice.LocalDapr.Resources;

namespace KestrelVoice.LocalDapr.Resiliency;

/// <summary>The Resiliency resources of one app: named policies, and which target uses which.</summary>
internal sealed class ResiliencySpec
{
    private readonly Dictionary<string, TimeSpan> _timeouts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RetryRule> _retries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BreakerRule> _breakers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PolicyNames> _apps = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Component, bool Inbound), PolicyNames> _components = [];
    private readonly HashSet<string> _listedComponents = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, CircuitBreaker> _circuits = new(StringComparer.Ordinal);
    private readonly TimeProvider _clock;
    private readonly Func<double> _random;

    private ResiliencySpec(TimeProvider clock, Func<double> random) => (_clock, _random) = (clock, random);

    private sealed record PolicyNames(string? Timeout, string? Retry, string? Breaker);

    public static ResiliencySpec Read(IEnumerable<YamlMap> documents, TimeProvider clock, Func<double>? random = null)
    {
        var spec = new ResiliencySpec(clock, random ?? Random.Shared.NextDouble);
        foreach (var document in documents)
            spec.Add(document);
        return spec;
    }

    public Policy ForApp(string appId) => _apps.TryGetValue(appId, out var names)
        ? Build(names, "app:" + appId)
        : Default(["App"], "app:" + appId);

    public Policy ForPubSubInbound(string component) =>
        ForComponent(component, inbound: true, ["PubsubComponentInbound", "ComponentInbound", "Component"]);

    public Policy ForPubSubOutbound(string component) =>
        ForComponent(component, inbound: false, ["PubsubComponentOutbound", "ComponentOutbound", "Component"]);

    public Policy ForStateOutbound(string component) =>
        ForComponent(component, inbound: false, ["StatestoreComponentOutbound", "ComponentOutbound", "Component"]);

    // A component listed with one direction only gets no default on the other.
    private Policy ForComponent(string component, bool inbound, string[] levels)
    {
        var target = $"component:{component}:{inbound}";
        if (_components.TryGetValue((component, inbound), out var names))
            return Build(names, target);
        return _listedComponents.Contains(component) ? Policy.None : Default(levels, target);
    }

    private Policy Default(string[] levels, string target)
    {
        string[] templates = [.. levels, ""];
        return Build(
            new PolicyNames(
                templates.Select(level => $"Default{level}TimeoutPolicy").FirstOrDefault(_timeouts.ContainsKey),
                templates.Select(level => $"Default{level}RetryPolicy").FirstOrDefault(_retries.ContainsKey),
                templates.Select(level => $"Default{level}CircuitBreakerPolicy").FirstOrDefault(_breakers.ContainsKey)),
            target);
    }

    private Policy Build(PolicyNames names, string target)
    {
        if (names is { Timeout: null, Retry: null, Breaker: null })
            return Policy.None;
        var timeout = names.Timeout is { } name && _timeouts[name] > TimeSpan.Zero ? _timeouts[name] : (TimeSpan?)null;
        var retry = names.Retry is null ? null : _retries[names.Retry];
        var circuit = names.Breaker is null
            ? null
            : _circuits.GetOrAdd($"{target}:{names.Breaker}", _ => new CircuitBreaker(_breakers[names.Breaker], _clock));
        return new Policy(timeout, retry, circuit, _clock, _random);
    }

    private void Add(YamlMap document)
    {
        var spec = document.Map("spec") ?? throw document.Refuse("a Resiliency has no spec");
        if (spec.Map("policies") is { } policies)
            AddPolicies(policies);
        var targets = spec.Map("targets");
        foreach (var (app, names) in Named(targets?.Map("apps")))
            _apps[app] = Names(names);
        foreach (var (component, directions) in Named(targets?.Map("components")))
        {
            _listedComponents.Add(component);
            if (directions.Map("inbound") is { } inbound)
                _components[(component, true)] = Names(inbound);
            if (directions.Map("outbound") is { } outbound)
                _components[(component, false)] = Names(outbound);
        }
    }

    private void AddPolicies(YamlMap policies)
    {
        if (policies.Map("timeouts") is { } timeouts)
        {
            foreach (var name in timeouts.Keys)
                _timeouts[name] = timeouts.Duration(name) ?? TimeSpan.Zero;
        }
        foreach (var (name, retry) in Named(policies.Map("retries")))
            _retries[name] = RetryRule.Read(retry, name);
        foreach (var (name, breaker) in Named(policies.Map("circuitBreakers")))
            _breakers[name] = ReadBreaker(breaker, name);
    }

    private static BreakerRule ReadBreaker(YamlMap map, string name)
    {
        var trip = map.Text("trip") is { Length: > 0 } text
            ? TripRule.TryParse(text) ?? throw map.Refuse($"circuit breaker '{name}': LocalDapr reads comparisons of counts with numbers, not '{text}'")
            : TripRule.Default;
        return new BreakerRule(
            Math.Max(1, map.Number("maxRequests") ?? 1),
            map.Duration("interval") ?? TimeSpan.Zero,
            map.Duration("timeout") ?? TimeSpan.FromSeconds(60),
            trip);
    }

    private PolicyNames Names(YamlMap map)
    {
        return new PolicyNames(Known("timeout", _timeouts), Known("retry", _retries), Known("circuitBreaker", _breakers));

        string? Known<T>(string kind, Dictionary<string, T> policies) => map.Text(kind) switch
        {
            null or "" => null,
            { } name when policies.ContainsKey(name) => name,
            { } name => throw map.Refuse($"a target uses the {kind} '{name}', which is not defined"),
        };
    }

    private static IEnumerable<(string Name, YamlMap Value)> Named(YamlMap? map) =>
        (map?.Keys ?? []).Select(key => (key, map!.Map(key) ?? throw map.Refuse($"'{key}' must be a mapping")));
}
