using System.Globalization;
using System.Runtime.InteropServices;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Machine;

/// <summary>Node, which runs other people's clients against us in the tests.</summary>
/// <param name="Version">As it says itself.</param>
/// <param name="Major">Its first number.</param>
internal sealed record NodeJs(string Version, int Major)
{
    internal const int OldestMajor = 20;
    private const string Fetched = "22.23.3";

    internal static string Npm => OperatingSystem.IsWindows() ? "npm.cmd" : "npm";

    /// <summary>The one on PATH, whatever its age; null when node or npm is missing.</summary>
    public static async Task<NodeJs?> FindAsync(CancellationToken cancellationToken)
    {
        try
        {
            var node = await Subprocess.RunAsync(new("node", ["--version"]), cancellationToken);
            var npm = await Subprocess.RunAsync(new(Npm, ["--version"]), cancellationToken);
            var version = node.StandardOutput.Trim();
            return node.Succeeded && npm.Succeeded && Parse(version) is { } major ? new NodeJs(version, major) : null;
        }
        catch (KestrelException)
        {
            return null;
        }
    }

    /// <summary>
    /// Fetches a newer Node with the npm that is there, for this process and those it starts. Debian 12 ships 18, and nothing of a machine is replaced.
    /// </summary>
    /// <returns>Null where npm has no Node for this machine.</returns>
    public static async Task<NodeJs?> FetchAsync(string folder, CancellationToken cancellationToken)
    {
        var system = OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsMacOS() ? "darwin" : null;
        if (system is null || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
            return null;

        var package = $"node-{system}-{(RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "x64" : "arm64")}";
        Directory.CreateDirectory(folder);
        var fetched = await Subprocess.RunAsync(
            new(Npm, ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", folder, $"{package}@{Fetched}"])
            {
                Timeout = TimeSpan.FromMinutes(5),
            },
            cancellationToken);
        if (!fetched.Succeeded)
            return null;
        var programs = Path.Combine(folder, "node_modules", package, "bin");
        Environment.SetEnvironmentVariable("PATH", programs + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH"));
        return await FindAsync(cancellationToken);
    }

    internal static int? Parse(string version) =>
        int.TryParse(version.TrimStart('v').Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;
}
