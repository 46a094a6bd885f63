using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace KestrelVoice.Cli.Up;

/// <summary>A copy of <c>dapr.yaml</c> for one run: paths made absolute, ports moved to another base, everything logged to the console.</summary>
internal static class DaprFile
{
    private static readonly string[] Ports = ["appPort", "daprHTTPPort", "daprGRPCPort", "daprInternalGRPCPort", "metricsPort", "profilePort"];

    /// <param name="text">The file.</param>
    /// <param name="folder">Folder that its relative paths start from.</param>
    /// <param name="portBase">Where the ports shall start instead of at 5000.</param>
    public static string Rewrite(string text, string folder, int portBase)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException problem)
        {
            throw new KestrelException($"dapr.yaml, line {problem.Start.Line}: {problem.Message}", problem);
        }

        if (yaml.Documents is not [{ RootNode: YamlMappingNode root }] || Child(root, "apps") is not YamlSequenceNode apps)
            throw new KestrelException("dapr.yaml names no apps.");
        if (Child(root, "common") is YamlMappingNode common)
            MakeAbsolute(common, folder);
        foreach (var app in apps.Children.OfType<YamlMappingNode>())
            RewriteApp(app, folder, portBase);

        using var written = new StringWriter(CultureInfo.InvariantCulture);
        yaml.Save(written, assignAnchors: false);
        return written.ToString();
    }

    private static void RewriteApp(YamlMappingNode app, string folder, int portBase)
    {
        var appFolder = Path.GetFullPath(Path.Combine(folder, Scalar(app, "appDirPath")?.Value ?? "."));
        app.Children["appDirPath"] = new YamlScalarNode(appFolder);
        MakeAbsolute(app, appFolder);

        // One stream to split instead of files of its own in the source folders of both apps.
        app.Children["appLogDestination"] = new YamlScalarNode("console");
        app.Children["daprdLogDestination"] = new YamlScalarNode("console");

        var moved = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var name in Ports)
        {
            if (Scalar(app, name) is not { } port || !int.TryParse(port.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                continue;
            moved[port.Value!] = (number - PortPlan.DefaultBase + portBase).ToString(CultureInfo.InvariantCulture);
            app.Children[name] = new YamlScalarNode(moved[port.Value!]);
        }

        if (Child(app, "env") is not YamlMappingNode environment)
            return;
        foreach (var (name, value) in environment.Children.ToList())
        {
            if (value is YamlScalarNode { Value: { } written })
                environment.Children[name] = new YamlScalarNode(MovePorts(written, moved)) { Style = ScalarStyle.DoubleQuoted };
        }
    }

    private static string MovePorts(string value, Dictionary<string, string> moved) =>
        System.Text.RegularExpressions.Regex.Replace(
            value, @"(?<=:)\d+\b", match => moved.GetValueOrDefault(match.Value, match.Value), System.Text.RegularExpressions.RegexOptions.None,
            TimeSpan.FromSeconds(1));

    private static void MakeAbsolute(YamlMappingNode node, string folder)
    {
        foreach (var name in new[] { "configFilePath", "resourcesPath" })
        {
            if (Scalar(node, name)?.Value is { } path)
                node.Children[name] = new YamlScalarNode(Path.GetFullPath(Path.Combine(folder, path)));
        }

        if (Child(node, "resourcesPaths") is YamlSequenceNode paths)
        {
            node.Children["resourcesPaths"] = new YamlSequenceNode(paths.Children.OfType<YamlScalarNode>()
                .Select(path => new YamlScalarNode(Path.GetFullPath(Path.Combine(folder, path.Value!)))));
        }
    }

    private static YamlNode? Child(YamlMappingNode node, string name) => node.Children.TryGetValue(name, out var child) ? child : null;

    private static YamlScalarNode? Scalar(YamlMappingNode node, string name) => Child(node, name) as YamlScalarNode;
}
