using System.Globalization;
using System.Text.RegularExpressions;
using KestrelVoice.LocalDapr.Resources;

namespace KestrelVoice.LocalDapr.RunFiles;

/// <summary>A multi-app run file, read by the rules of <c>dapr run -f</c>.</summary>
internal sealed partial record RunFile(string Path, IReadOnlyList<AppSpec> Apps)
{
    /// <param name="path">The file, or the folder that holds a <c>dapr.yaml</c>.</param>
    /// <param name="home">The user's home, whose <c>.dapr</c> folder is the last place looked at.</param>
    public static RunFile Load(string path, string home)
    {
        var file = System.IO.Path.GetFullPath(System.IO.Directory.Exists(path) ? System.IO.Path.Combine(path, "dapr.yaml") : path);
        if (!File.Exists(file))
            throw new LocalDaprRefusedException($"{file} does not exist.");
        var root = YamlMap.ReadDocuments(file) is [var document, ..] ? document : throw new LocalDaprRefusedException($"{file} is empty.");
        if (root.Number("version") is null or 0)
            throw root.Refuse("'version' is missing");
        var apps = root.Maps("apps");
        if (apps.Count == 0)
            throw root.Refuse("'apps' lists no app");

        var reader = new AppReader(root.Map("common"), System.IO.Path.GetDirectoryName(file)!, home);
        AppSpec[] specs = [.. apps.Select(reader.Read)];
        if (specs.CountBy(app => app.AppId).FirstOrDefault(count => count.Value > 1) is { Key: { } twice })
            throw root.Refuse($"two apps are called '{twice}'");
        return new RunFile(file, specs);
    }

    private sealed class AppReader(YamlMap? common, string root, string home)
    {
        public AppSpec Read(YamlMap app)
        {
            var directory = Existing(app, app.Required("appDirPath"), root, "appDirPath");
            var appId = app.Text("appID") is { Length: > 0 } id ? id : System.IO.Path.GetFileName(directory.TrimEnd('/', '\\'));
            if (!DnsLabel().IsMatch(appId))
                throw app.Refuse($"appID '{appId}' must be letters, digits and dashes");
            if (app.Has("unixDomainSocket"))
                throw app.Refuse($"app '{appId}' wants unixDomainSocket, which LocalDapr does not serve");
            var protocol = Text(app, "appProtocol") ?? "http";
            if (protocol is not ("http" or "h2c"))
                throw app.Refuse($"app '{appId}' wants appProtocol {protocol}; LocalDapr calls apps over http or h2c");

            return new AppSpec(appId, directory)
            {
                AppPort = Port(app, "appPort"),
                ChannelAddress = app.Text("appChannelAddress") is { Length: > 0 } address ? address : "127.0.0.1",
                Protocol = protocol,
                HttpPort = Port(app, "daprHTTPPort"),
                GrpcPort = Port(app, "daprGRPCPort"),
                MetricsPort = Port(app, "metricsPort"),
                Command = app.Texts("command"),
                Env = Environment(app),
                ResourcesPaths = ResourcesPaths(app, directory),
                ConfigFile = ConfigFile(app, directory),
                MaxConcurrency = Number(app, "appMaxConcurrency") ?? -1,
                MaxBodySize = Size(app, "maxBodySize", 4 << 20),
                ReadBufferSize = Size(app, "readBufferSize", 4 << 10),
                Health = Health(app),
                AppLog = Destination(app, "appLogDestination", LogDestination.FileAndConsole),
                SidecarLog = Destination(app, "daprdLogDestination", LogDestination.File),
            };
        }

        private AppHealthSpec? Health(YamlMap app)
        {
            if (!app.Flag("enableAppHealthCheck") && common?.Flag("enableAppHealthCheck") != true)
                return null;
            var interval = TimeSpan.FromSeconds(Positive(Number(app, "appHealthProbeInterval")) ?? 5);
            var timeout = TimeSpan.FromMilliseconds(Positive(Number(app, "appHealthProbeTimeout")) ?? 500);
            if (timeout > interval)
                throw app.Refuse("'appHealthProbeTimeout' must not exceed 'appHealthProbeInterval'");
            return new AppHealthSpec(Text(app, "appHealthCheckPath") ?? "/healthz", interval, timeout, Positive(Number(app, "appHealthThreshold")) ?? 3);
        }

        private Dictionary<string, string> Environment(YamlMap app)
        {
            var merged = new Dictionary<string, string>(common?.TextMap("env") ?? new Dictionary<string, string>(), StringComparer.Ordinal);
            foreach (var (name, value) in app.TextMap("env"))
                merged[name] = value;
            return merged;
        }

        private string[] ResourcesPaths(YamlMap app, string directory)
        {
            if (Paths(app, directory) is { Length: > 0 } own)
                return own;
            var beside = System.IO.Path.Combine(directory, ".dapr", "resources");
            if (System.IO.Directory.Exists(beside))
                return [beside];
            if (common is not null && Paths(common, root) is { Length: > 0 } shared)
                return shared;
            var installed = System.IO.Path.Combine(home, ".dapr", "components");
            return System.IO.Directory.Exists(installed) ? [installed] : [];
        }

        private string[] Paths(YamlMap map, string relativeTo)
        {
            var paths = map.Texts("resourcesPaths");
            if (map.Text("resourcesPath") is { Length: > 0 } single)
                paths = [.. paths, single];
            return [.. paths.Select(path => Existing(map, path, relativeTo, "resourcesPaths"))];
        }

        private string? ConfigFile(YamlMap app, string directory)
        {
            if (app.Text("configFilePath") is { Length: > 0 } own)
                return Existing(app, own, directory, "configFilePath");
            var beside = System.IO.Path.Combine(directory, ".dapr", "config.yaml");
            if (File.Exists(beside))
                return beside;
            if (common?.Text("configFilePath") is { Length: > 0 } shared)
                return Existing(common, shared, root, "configFilePath");
            var installed = System.IO.Path.Combine(home, ".dapr", "config.yaml");
            return File.Exists(installed) ? installed : null;
        }

        private string Existing(YamlMap map, string path, string relativeTo, string key)
        {
            var full = path.StartsWith("~/", StringComparison.Ordinal)
                ? System.IO.Path.Combine(home, path[2..])
                : System.IO.Path.GetFullPath(path, relativeTo);
            return File.Exists(full) || System.IO.Directory.Exists(full) ? full : throw map.Refuse($"'{key}' names {full}, which does not exist");
        }

        // An app cannot undo a value of `common` by writing its zero: that is how the CLI merges.
        private string? Text(YamlMap app, string key) =>
            app.Text(key) is { Length: > 0 } own ? own : common?.Text(key) is { Length: > 0 } shared ? shared : null;

        private int? Number(YamlMap app, string key) =>
            app.Number(key) is { } own and not 0 ? own : common?.Number(key) is { } shared and not 0 ? shared : null;

        private static int? Positive(int? number) => number is > 0 ? number : null;

        private static int Port(YamlMap app, string key) => app.Number(key) switch
        {
            null => 0,
            { } port and >= 0 and <= 65535 => port,
            { } port => throw app.Refuse($"'{key}' {port} is not a port"),
        };

        private int Size(YamlMap app, string key, int fallback)
        {
            var text = Text(app, key);
            if (text is null)
                return fallback;
            var match = Quantity().Match(text);
            if (!match.Success)
                throw app.Refuse($"'{key}' must be a size such as 16Ki or 4Mi, not '{text}'");
            var unit = match.Groups[2].Value switch
            {
                "Ki" => 1 << 10,
                "Mi" => 1 << 20,
                "Gi" => 1 << 30,
                "k" or "K" => 1_000,
                "M" => 1_000_000,
                "G" => 1_000_000_000,
                _ => 1,
            };
            return (int)Math.Min(int.MaxValue, long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * unit);
        }

        private LogDestination Destination(YamlMap app, string key, LogDestination fallback) => Text(app, key) switch
        {
            null => fallback,
            "console" => LogDestination.Console,
            "file" => LogDestination.File,
            "fileAndConsole" => LogDestination.FileAndConsole,
            { } other => throw app.Refuse($"'{key}' must be console, file or fileAndConsole, not '{other}'"),
        };
    }

    [GeneratedRegex("^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$")]
    private static partial Regex DnsLabel();

    [GeneratedRegex(@"^(\d{1,12})(Ki|Mi|Gi|k|K|M|G)?B?$")]
    private static partial Regex Quantity();
}
