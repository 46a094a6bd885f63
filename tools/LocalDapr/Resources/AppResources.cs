using KestrelVoice.LocalDapr.Resiliency;
using KestrelVoice.LocalDapr.RunFiles;
using KestrelVoice.LocalDapr.Secrets;

namespace KestrelVoice.LocalDapr.Resources;

/// <summary>Everything the sidecar of one app loads from its resources folders and its configuration file.</summary>
internal sealed record AppResources(
    IReadOnlyDictionary<string, Component> Components,
    IReadOnlyDictionary<string, SecretStore> SecretStores,
    IReadOnlyList<SubscriptionSpec> Subscriptions,
    ResiliencySpec Resiliency,
    ConfigurationSpec Configuration,
    IReadOnlyList<string> Warnings)
{
    /// <summary>The store that workflows need to be allowed; null when this app has none.</summary>
    public Component? ActorStateStore => Components.Values.SingleOrDefault(component => component.IsActorStateStore);

    public static AppResources Load(AppSpec app, IReadOnlyDictionary<string, string> environment, TimeProvider clock)
    {
        var reading = new Reading(app, environment, clock);
        foreach (var file in app.ResourcesPaths.SelectMany(Files))
            reading.Read(file);
        return reading.Finish();
    }

    private static IEnumerable<string> Files(string path) => File.Exists(path)
        ? [path]
        : Directory.EnumerateFiles(path)
            .Where(file => Path.GetExtension(file).ToLowerInvariant() is ".yaml" or ".yml")
            .Order(StringComparer.Ordinal);

    private sealed class Reading(AppSpec app, IReadOnlyDictionary<string, string> environment, TimeProvider clock)
    {
        private readonly Dictionary<string, YamlMap> _documents = new(StringComparer.Ordinal);
        private readonly Dictionary<string, Component> _components = new(StringComparer.Ordinal);
        private readonly Dictionary<string, SecretStore> _secretStores = new(StringComparer.Ordinal);
        private readonly List<SubscriptionSpec> _subscriptions = [];
        private readonly List<YamlMap> _resiliencies = [];
        private readonly List<string> _warnings = [];

        public void Read(string file)
        {
            var documents = YamlMap.ReadDocuments(file);
            for (var i = 0; i < documents.Count; i++)
            {
                var document = documents[i];
                if (document.Text("apiVersion")?.StartsWith("dapr.io/", StringComparison.Ordinal) != true)
                {
                    _warnings.Add($"{file}: a document that is not a Dapr resource is ignored.");
                    continue;
                }
                switch (document.Required("kind"))
                {
                    case "Component":
                        Remember(document);
                        break;
                    case "Subscription" when InScope(document):
                        _subscriptions.Add(DeclaredSubscription.Read(document));
                        break;
                    case "Resiliency" when i > 0:
                        throw document.Refuse("a Resiliency must be the first document of its file: daprd reads no other");
                    case "Resiliency" when InScope(document):
                        _resiliencies.Add(document);
                        break;
                    case "Configuration" or "Subscription" or "Resiliency":
                        break;
                    case var kind:
                        throw document.Refuse($"resources of kind {kind} are not emulated by LocalDapr");
                }
            }
        }

        public AppResources Finish()
        {
            // Secret stores first: the metadata of the others may refer to them.
            foreach (var isSecretStore in (bool[])[true, false])
            {
                foreach (var (name, document) in _documents)
                {
                    if (document.Map("spec")!.Required("type").StartsWith("secretstores.", StringComparison.Ordinal) == isSecretStore)
                        Initialise(name, document);
                }
            }
            if (_components.Values.Where(component => component.IsActorStateStore).ToArray() is [var first, var second, ..])
                throw second.Refuse($"actorStateStore is set by '{first.Name}' already, and an app can have one");
            var configuration = app.ConfigFile is null ? ConfigurationSpec.Default : ConfigurationSpec.Load(app.ConfigFile);
            return new AppResources(_components, _secretStores, _subscriptions, ResiliencySpec.Read(_resiliencies, clock), configuration, _warnings);
        }

        // daprd refuses the second of two components with one name even when the first is scoped to another app.
        private void Remember(YamlMap document)
        {
            var name = document.Map("metadata")?.Text("name") ?? throw document.Refuse("a component has no metadata.name");
            _ = document.Map("spec") ?? throw document.Refuse($"component '{name}' has no spec");
            if (!_documents.TryAdd(name, document))
                throw document.Refuse($"component '{name}' is already defined in {_documents[name].File}");
        }

        private void Initialise(string name, YamlMap document)
        {
            if (!InScope(document))
                return;
            try
            {
                var component = Resolve(name, document);
                if (component.IsSecretStore)
                    _secretStores.Add(name, SecretStore.Open(component, app.Directory, environment));
                _components.Add(name, component);
            }
            catch (LocalDaprRefusedException refused) when (document.Map("spec")!.Flag("ignoreErrors"))
            {
                _warnings.Add($"{refused.Message} Ignored, because the component says ignoreErrors.");
            }
        }

        private Component Resolve(string name, YamlMap document)
        {
            var spec = document.Map("spec")!;
            var (type, version) = (spec.Required("type"), spec.Text("version") ?? "v1");
            var entries = spec.Maps("metadata");
            Component.RequireEmulated(document, name, type, version, entries.Select(entry => entry.Required("name")));

            var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (var entry in entries)
                metadata[entry.Required("name")] = Substituted(Value(document, name, entry));
            return new Component(name, type, version, metadata, document.File);
        }

        private string Value(YamlMap document, string component, YamlMap entry)
        {
            if (entry.Map("secretKeyRef") is { } reference)
            {
                var storeName = document.Map("auth")?.Text("secretStore")
                    ?? throw document.Refuse($"component '{component}' has a secretKeyRef but no auth.secretStore");
                var store = _secretStores.GetValueOrDefault(storeName)
                    ?? throw document.Refuse($"component '{component}' refers to the secret store '{storeName}', which is not loaded");
                var (secret, key) = (reference.Required("name"), reference.Text("key"));
                return store.Get(secret)?.GetValueOrDefault(string.IsNullOrEmpty(key) ? secret : key)
                    ?? throw document.Refuse($"component '{component}' refers to the secret '{secret}', which the store '{storeName}' does not hold");
            }
            if (entry.Text("envRef") is not { Length: > 0 } variable)
                return entry.Text("value") ?? "";
            if (variable is "APP_API_TOKEN" || variable.StartsWith("DAPR_", StringComparison.OrdinalIgnoreCase))
                throw document.Refuse($"component '{component}' may not read {variable} by envRef");
            return environment.GetValueOrDefault(variable, "");
        }

        private string Substituted(string value) => value.Contains('{', StringComparison.Ordinal)
            ? value.Replace("{appID}", app.AppId, StringComparison.Ordinal)
                .Replace("{podName}", app.AppId, StringComparison.Ordinal)
                .Replace("{namespace}", environment.GetValueOrDefault("NAMESPACE", ""), StringComparison.Ordinal)
                .Replace("{uuid}", Guid.CreateVersion7(clock.GetUtcNow()).ToString(), StringComparison.Ordinal)
            : value;

        private bool InScope(YamlMap document) => document.Texts("scopes") is var scopes && (scopes.Count == 0 || scopes.Contains(app.AppId));
    }
}
