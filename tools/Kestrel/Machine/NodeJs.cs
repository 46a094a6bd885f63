using System.Globalization;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Machine;

/// <summary>Node, which runs other people's clients against us in the tests.</summary>
/// <param name="Version">As it says itself.</param>
/// <param name="Major">Its first number.</param>
internal sealed record NodeJs(string Version, int Major)
{
    internal const int OldestMajor = 20;

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

    internal static int? Parse(string version) =>
        int.TryParse(version.TrimStart('v').Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;
}
