using System.Globalization;

namespace KestrelVoice.LocalDapr.Resources;

/// <summary>The part of a Configuration that LocalDapr acts on. What it cannot act on and would be missed, it refuses.</summary>
internal sealed record ConfigurationSpec(double SamplingRate, IReadOnlyDictionary<string, SecretScope> SecretScopes, WorkflowLimits Workflows)
{
    public static ConfigurationSpec Default { get; } = new(0.0001, new Dictionary<string, SecretScope>(), WorkflowLimits.None);

    public bool Tracing => SamplingRate > 0;

    public static ConfigurationSpec Load(string file)
    {
        var document = YamlMap.ReadDocuments(file).FirstOrDefault(map => map.Text("kind") == "Configuration")
            ?? throw new LocalDaprRefusedException($"{file}: no document of kind Configuration.");
        var spec = document.Map("spec");
        if (spec is null)
            return Default;

        if (spec.Map("accessControl") is { } access && (access.Text("defaultAction") == "deny" || access.Maps("policies").Count > 0))
            throw document.Refuse("spec.accessControl would deny calls, and LocalDapr has no caller identities to decide by");
        foreach (var pipeline in (string[])["httpPipeline", "appHttpPipeline"])
        {
            if (spec.Map(pipeline)?.Maps("handlers").Count > 0)
                throw document.Refuse($"spec.{pipeline} lists middleware, which LocalDapr does not run");
        }
        if (spec.Map("api") is { } api && (api.Maps("allowed").Count > 0 || api.Maps("denied").Count > 0))
            throw document.Refuse("spec.api allows or denies APIs, which LocalDapr does not do");
        if (spec.Map("components")?.Texts("deny").Count > 0)
            throw document.Refuse("spec.components.deny is not emulated");

        return new ConfigurationSpec(Rate(document, spec.Map("tracing")?.Text("samplingRate")), Scopes(spec.Map("secrets")), WorkflowLimits.Read(spec.Map("workflow")));
    }

    private static double Rate(YamlMap document, string? text)
    {
        if (string.IsNullOrEmpty(text))
            return Default.SamplingRate;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var rate) && rate is >= 0 and <= 1
            ? rate
            : throw document.Refuse($"spec.tracing.samplingRate must be between 0 and 1, not '{text}'");
    }

    private static Dictionary<string, SecretScope> Scopes(YamlMap? secrets) =>
        (secrets?.Maps("scopes") ?? []).ToDictionary(
            scope => scope.Required("storeName"),
            scope => new SecretScope(scope.Text("defaultAccess") != "deny", scope.Texts("allowedSecrets"), scope.Texts("deniedSecrets")),
            StringComparer.Ordinal);
}

/// <summary>Which secrets of one store an app may read.</summary>
internal sealed record SecretScope(bool AllowedByDefault, IReadOnlyList<string> Allowed, IReadOnlyList<string> Denied)
{
    public bool Allows(string secret) =>
        Allowed.Count > 0 ? Allowed.Contains(secret) : AllowedByDefault && !Denied.Contains(secret);
}
