using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Machine;

/// <summary>The real Dapr, when it is here and ready to run our components.</summary>
internal static class DaprCli
{
    private static string InstallFolder => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".dapr", "bin");

    /// <summary>Its version as it says itself; null when it is not installed.</summary>
    public static async Task<string?> VersionAsync(CancellationToken cancellationToken)
    {
        try
        {
            var asked = await Subprocess.RunAsync(new("dapr", ["--version"]) { Timeout = TimeSpan.FromSeconds(20) }, cancellationToken);
            var lines = asked.StandardOutput.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return asked.Succeeded && lines.Length > 0 ? string.Join(", ", lines) : null;
        }
        catch (KestrelException)
        {
            return null;
        }
    }

    /// <summary>Whether <c>dapr init</c> was run; before it there is no sidecar to start.</summary>
    public static bool IsInitialised => Directory.Exists(InstallFolder);
}
