using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace KestrelVoice.LocalDapr.Resources;

/// <summary>A mapping of a YAML document that knows its file, so that every complaint names it.</summary>
internal sealed class YamlMap(YamlMappingNode node, string file)
{
    public string File => file;

    public IEnumerable<string> Keys => node.Children.Keys.OfType<YamlScalarNode>().Select(key => key.Value ?? "");

    public static IReadOnlyList<YamlMap> ReadDocuments(string file)
    {
        var stream = new YamlStream();
        try
        {
            using var reader = new StreamReader(file);
            stream.Load(reader);
        }
        catch (YamlException exception)
        {
            throw new LocalDaprRefusedException($"{file} is not valid YAML (line {exception.Start.Line}): {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new LocalDaprRefusedException($"{file} cannot be read: {exception.Message}", exception);
        }
        return [.. stream.Documents.Select(document => document.RootNode).OfType<YamlMappingNode>().Select(root => new YamlMap(root, file))];
    }

    public bool Has(string key) => Node(key) is not (null or YamlScalarNode { Value: null or "" });

    public string? Text(string key) => Node(key) switch
    {
        null => null,
        YamlScalarNode scalar when IsNull(scalar) => null,
        YamlScalarNode scalar => scalar.Value,
        _ => throw Refuse($"'{key}' must be a single value"),
    };

    public string Required(string key) =>
        Text(key) is { Length: > 0 } text ? text : throw Refuse($"'{key}' is missing");

    public int? Number(string key) => Text(key) switch
    {
        null or "" => null,
        { } text when int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) => number,
        { } text => throw Refuse($"'{key}' must be a whole number, not '{text}'"),
    };

    public bool Flag(string key) => Text(key) switch
    {
        null or "" => false,
        { } text when bool.TryParse(text, out var flag) => flag,
        { } text => throw Refuse($"'{key}' must be true or false, not '{text}'"),
    };

    public TimeSpan? Duration(string key)
    {
        var text = Text(key);
        if (string.IsNullOrEmpty(text))
            return null;
        return GoDuration.TryParse(text, out var duration) ? duration : throw Refuse($"'{key}' must be a duration such as 500ms or 1m30s, not '{text}'");
    }

    public YamlMap? Map(string key) => Node(key) switch
    {
        null => null,
        YamlScalarNode scalar when IsNull(scalar) => null,
        YamlMappingNode map => new YamlMap(map, file),
        _ => throw Refuse($"'{key}' must be a mapping"),
    };

    public IReadOnlyList<YamlMap> Maps(string key) =>
        [.. Items(key).Select(item => item is YamlMappingNode map ? new YamlMap(map, file) : throw Refuse($"'{key}' must be a list of mappings"))];

    public IReadOnlyList<string> Texts(string key) =>
        [.. Items(key).Select(item => item is YamlScalarNode scalar ? scalar.Value ?? "" : throw Refuse($"'{key}' must be a list of values"))];

    /// <summary>The values of a nested mapping as text; daprd reads numbers and booleans that way too.</summary>
    public IReadOnlyDictionary<string, string> TextMap(string key)
    {
        var map = Map(key);
        return map is null ? new Dictionary<string, string>() : map.Keys.ToDictionary(name => name, name => map.Text(name) ?? "", StringComparer.Ordinal);
    }

    public LocalDaprRefusedException Refuse(string reason) => new($"{file}: {reason}.");

    private IEnumerable<YamlNode> Items(string key) => Node(key) switch
    {
        null => [],
        YamlScalarNode scalar when IsNull(scalar) => [],
        YamlSequenceNode list => list.Children,
        _ => throw Refuse($"'{key}' must be a list"),
    };

    private YamlNode? Node(string key) => node.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;

    private static bool IsNull(YamlScalarNode scalar) =>
        scalar.Style == ScalarStyle.Plain && scalar.Value is null or "" or "~" or "null";
}
