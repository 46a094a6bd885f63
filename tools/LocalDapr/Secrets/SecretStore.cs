using System.Text.Json;
using KestrelVoice.LocalDapr.Resources;

namespace KestrelVoice.LocalDapr.Secrets;

/// <summary>Secrets by name; each is a small map of keys to values.</summary>
internal sealed class SecretStore(IReadOnlyDictionary<string, Dictionary<string, string>> secrets)
{
    public IReadOnlyDictionary<string, Dictionary<string, string>> All => secrets;

    public Dictionary<string, string>? Get(string name) => secrets.GetValueOrDefault(name);

    public static SecretStore Open(Component component, string directory, IReadOnlyDictionary<string, string> environment) =>
        component.Type == "secretstores.local.env" ? FromEnvironment(component, environment) : FromFile(component, directory);

    private static SecretStore FromEnvironment(Component component, IReadOnlyDictionary<string, string> environment)
    {
        var prefix = component.Get("prefix") ?? "";
        return new SecretStore(environment
            .Where(variable => variable.Key.StartsWith(prefix, StringComparison.Ordinal) && variable.Key.Length > prefix.Length && !IsReserved(variable.Key))
            .Select(variable => (Name: variable.Key[prefix.Length..], variable.Value))
            .ToDictionary(secret => secret.Name, secret => Single(secret.Name, secret.Value), StringComparer.Ordinal));
    }

    private static bool IsReserved(string variable) => variable is "APP_API_TOKEN" or "DAPR_API_TOKEN";

    private static SecretStore FromFile(Component component, string directory)
    {
        var name = component.Get("secretsFile") ?? throw component.Refuse("metadata 'secretsFile' is missing");
        var file = Path.GetFullPath(name, directory);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(file), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
            var separator = component.Get("nestedSeparator") ?? ":";
            return component.Get("multiValued") == "true" ? MultiValued(document.RootElement, separator) : Flat(document.RootElement, separator);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException)
        {
            throw component.Refuse($"the secrets file {file} cannot be read: {exception.Message}");
        }
    }

    private static SecretStore Flat(JsonElement root, string separator) => new(Leaves(root, "", separator)
        .ToDictionary(leaf => leaf.Name, leaf => Single(leaf.Name, leaf.Value), StringComparer.Ordinal));

    private static SecretStore MultiValued(JsonElement root, string separator) => new(root.EnumerateObject().ToDictionary(
        member => member.Name,
        member => member.Value.ValueKind == JsonValueKind.Object
            ? Leaves(member.Value, "", separator).ToDictionary(leaf => leaf.Name, leaf => leaf.Value, StringComparer.Ordinal)
            : Single(member.Name, member.Value.ToString()),
        StringComparer.Ordinal));

    private static IEnumerable<(string Name, string Value)> Leaves(JsonElement element, string name, string separator)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                return element.EnumerateObject().SelectMany(member => Leaves(member.Value, Join(name, member.Name, separator), separator));
            case JsonValueKind.Array:
                return element.EnumerateArray().SelectMany((item, index) => Leaves(item, Join(name, $"{index}", separator), separator));
            case JsonValueKind.Undefined or JsonValueKind.Null:
                return [];
            default:
                return [(name, element.ValueKind == JsonValueKind.String ? element.GetString()! : element.GetRawText())];
        }
    }

    private static string Join(string prefix, string name, string separator) => prefix.Length == 0 ? name : prefix + separator + name;

    private static Dictionary<string, string> Single(string name, string value) => new(StringComparer.Ordinal) { [name] = value };
}
