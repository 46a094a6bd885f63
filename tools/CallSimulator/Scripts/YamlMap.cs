using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace KestrelVoice.CallSimulator.Scripts;

/// <summary>A script that cannot be used.</summary>
/// <param name="file">Its name.</param>
/// <param name="line">Where.</param>
/// <param name="reason">Why.</param>
public sealed class CallScriptException(string file, long line, string reason) : Exception($"{file} line {line}: {reason}")
{
    /// <summary>Where, from 1.</summary>
    public long Line { get; } = line;
}

/// <summary>Reads one YAML mapping strictly: a key nobody asked for is an error.</summary>
internal sealed class YamlMap
{
    private readonly string file;
    private readonly YamlMappingNode node;
    private readonly Dictionary<string, YamlNode> unread = new(StringComparer.Ordinal);

    public YamlMap(string file, YamlNode node, string what)
    {
        this.file = file;
        this.node = node as YamlMappingNode ?? throw Wrong(file, node, $"{what} must be a mapping of keys to values");
        foreach (var (key, value) in this.node.Children)
            unread[Scalar(file, key, "a key")] = value;
    }

    public int Line => (int)node.Start.Line;

    public YamlNode? Take(string key) => unread.Remove(key, out var value) ? value : null;

    public string? Text(string key) => Take(key) is { } value ? Scalar(file, value, key) : null;

    public int? Number(string key, int lowest, int highest) => Take(key) is { } value ? Number(file, value, key, lowest, highest) : null;

    public bool? Flag(string key) => Take(key) is not { } value ? null : Scalar(file, value, key) switch
    {
        "true" => true,
        "false" => false,
        var text => throw Wrong(file, value, $"{key}: {text} is neither true nor false"),
    };

    public void NoMoreKeys(params string[] known)
    {
        if (unread.Count == 0)
            return;
        var unknown = node.Children.Keys.OfType<YamlScalarNode>().First(key => unread.ContainsKey(key.Value!));
        throw Wrong(file, unknown, $"unknown key '{unknown.Value}'; known: {string.Join(", ", known)}");
    }

    public CallScriptException Wrong(string reason) => Wrong(file, node, reason);

    public static CallScriptException Wrong(string file, YamlNode node, string reason) => new(file, node.Start.Line, reason);

    public static string Scalar(string file, YamlNode node, string what) => node is YamlScalarNode { Value: { Length: > 0 } text }
        ? text
        : throw Wrong(file, node, $"{what} needs a value (quote it when it begins with #)");

    public static bool IsEmpty(YamlNode node) => node is YamlScalarNode { Value: null or "", Style: ScalarStyle.Plain or ScalarStyle.Any };

    public static int Number(string file, YamlNode node, string what, int lowest, int highest) =>
        int.TryParse(Scalar(file, node, what), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= lowest && number <= highest
            ? number
            : throw Wrong(file, node, $"{what} must be a whole number from {lowest} to {highest}");
}
