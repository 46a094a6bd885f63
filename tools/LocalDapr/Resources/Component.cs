namespace KestrelVoice.LocalDapr.Resources;

/// <summary>A component that an app's sidecar loaded, its metadata resolved.</summary>
internal sealed record Component(string Name, string Type, string Version, IReadOnlyDictionary<string, string> Metadata, string File)
{
    private static readonly HashSet<string> s_emulated = new(StringComparer.Ordinal)
    {
        "pubsub.redis", "pubsub.kafka", "pubsub.rabbitmq", "pubsub.in-memory",
        "state.redis", "state.postgresql", "state.sqlite", "state.in-memory",
        "secretstores.local.file", "secretstores.local.env",
    };

    // They change what is stored or sent, so to ignore them would be to lie.
    private static readonly string[] s_refusedMetadata =
        ["primaryEncryptionKey", "secondaryEncryptionKey", "outboxPublishPubsub", "outboxPublishTopic"];

    public bool IsPubSub => Type.StartsWith("pubsub.", StringComparison.Ordinal);

    public bool IsState => Type.StartsWith("state.", StringComparison.Ordinal);

    public bool IsSecretStore => Type.StartsWith("secretstores.", StringComparison.Ordinal);

    /// <summary>The state store that actors, and so workflows, are kept in.</summary>
    public bool IsActorStateStore => IsState && Get("actorStateStore")?.ToLowerInvariant() is "true" or "t" or "yes" or "y" or "on" or "1";

    /// <summary>The type promises to forget when its process ends.</summary>
    public bool IsInMemory => Type.EndsWith(".in-memory", StringComparison.Ordinal);

    public string? Get(string name) => Metadata.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    public int? Number(string name)
    {
        if (Get(name) is not { } text)
            return null;
        return int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Refuse($"metadata '{name}' must be a whole number, not '{text}'");
    }

    public TimeSpan Duration(string name) =>
        GoDuration.TryParse(Metadata[name], out var duration) ? duration : throw Refuse($"metadata '{name}' must be a duration, not '{Metadata[name]}'");

    public LocalDaprRefusedException Refuse(string reason) => new($"{File}: component '{Name}': {reason}.");

    public static void RequireEmulated(YamlMap document, string name, string type, string version, IEnumerable<string> metadata)
    {
        if (!s_emulated.Contains(type))
            throw document.Refuse($"component '{name}' has type {type}, which LocalDapr does not emulate (it knows {string.Join(", ", s_emulated.Order())})");
        if (version is not ("v1" or "v2"))
            throw document.Refuse($"component '{name}' has version '{version}'; v1 and v2 are known");
        if (metadata.Intersect(s_refusedMetadata, StringComparer.OrdinalIgnoreCase).FirstOrDefault() is { } refused)
            throw document.Refuse($"component '{name}' sets {refused}, which LocalDapr does not emulate");
    }
}
