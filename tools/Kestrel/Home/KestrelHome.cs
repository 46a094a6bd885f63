namespace KestrelVoice.Cli.Home;

/// <summary>Where things are: the checkout this program was built in, and the folder of its local data.</summary>
/// <param name="Checkout">The folder of KestrelVoice.sln.</param>
/// <param name="State"><c>.kestrel</c>: in the checkout, unless placed elsewhere.</param>
internal sealed record KestrelHome(string Checkout, string State)
{
    internal const string Variable = "KESTREL_HOME";

    public string Postgres => Path.Combine(State, "postgres");

    public string DaprData => Path.Combine(State, "dapr");

    public string Spool => Path.Combine(State, "spool");

    public string Recordings => Path.Combine(State, "twilio", "recordings");

    public string Logs => Path.Combine(State, "logs");

    public string Run => Path.Combine(State, "run");

    public string SecretsFile => Path.Combine(State, "secrets.json");

    public string DemoFile => Path.Combine(State, "demo.json");

    public string DevFile => Path.Combine(State, "dev.json");

    public string HostAssembly => Path.Combine(Checkout, "src", "Host", "bin", "Release", "net10.0", "KestrelVoice.Host.dll");

    public string VoiceAssembly => Path.Combine(Checkout, "src", "Voice", "bin", "Release", "net10.0", "KestrelVoice.Voice.dll");

    public string LogOf(string part) => Path.Combine(Logs, $"{part}.log");

    /// <param name="chosen">Folder that shall hold <c>.kestrel</c>; null for the environment's choice, or the checkout.</param>
    /// <param name="executableFolder">Where this program lies; never the current directory, so that it works from anywhere.</param>
    public static KestrelHome Find(string? chosen, string executableFolder)
    {
        for (var folder = new DirectoryInfo(executableFolder); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "KestrelVoice.sln")))
                continue;
            if (string.IsNullOrWhiteSpace(chosen))
                chosen = Environment.GetEnvironmentVariable(Variable);
            var parent = string.IsNullOrWhiteSpace(chosen) ? folder.FullName : Path.GetFullPath(chosen);
            return new KestrelHome(folder.FullName, Path.Combine(parent, ".kestrel"));
        }

        throw new KestrelException($"KestrelVoice.sln is in none of the folders above {executableFolder}. Run kestrel from a checkout.");
    }

    public void Create()
    {
        foreach (var folder in new[] { State, DaprData, Spool, Recordings, Logs, Run })
            PrivateFile.CreateFolder(folder);
    }

    /// <summary>A path as the person would type it: relative when it is below the current directory.</summary>
    public static string Shown(string path)
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        var isAtRoot = Path.GetPathRoot(Environment.CurrentDirectory) == Environment.CurrentDirectory;
        return isAtRoot || relative.StartsWith("..", StringComparison.Ordinal) ? path : relative;
    }
}
