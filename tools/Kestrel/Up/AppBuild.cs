using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Up;

/// <summary>Builds with the .NET SDK, leaving none of its servers behind.</summary>
internal static class AppBuild
{
    internal static readonly IReadOnlyDictionary<string, string?> Environment = new Dictionary<string, string?>
    {
        ["MSBUILDDISABLENODEREUSE"] = "1",
        ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0",
        ["DOTNET_NOLOGO"] = "1",
        ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
        // An analyzer's message must read the same everywhere.
        ["DOTNET_CLI_UI_LANGUAGE"] = "en",
    };

    internal static readonly string[] Switches = ["-c", "Release", "--nologo", "-v", "minimal", "-nodeReuse:false", "-p:UseSharedCompilation=false"];

    private static readonly string[] Apps = ["src/Host/Host.csproj", "src/Voice/Voice.csproj"];

    public static async Task RunAsync(KestrelHome home, Action<string> progress, CancellationToken cancellationToken)
    {
        foreach (var app in Apps)
        {
            progress(app);
            var built = await Subprocess.RunAsync(
                new("dotnet", ["build", app, .. Switches])
                {
                    WorkingDirectory = home.Checkout,
                    Environment = Environment,
                    Timeout = TimeSpan.FromMinutes(10),
                },
                cancellationToken);
            if (!built.Succeeded)
                throw new KestrelException($"{app} does not build:\n{Errors(built.Output)}");
        }
    }

    /// <summary>The errors of a build, each once; everything when none is recognised.</summary>
    internal static string Errors(string output)
    {
        var errors = output.Split('\n').Select(line => line.Trim()).Where(line => line.Contains(": error ", StringComparison.Ordinal)).Distinct().ToList();
        return errors.Count > 0 ? string.Join('\n', errors.Take(30)) : string.Join('\n', output.Split('\n').TakeLast(30));
    }
}
