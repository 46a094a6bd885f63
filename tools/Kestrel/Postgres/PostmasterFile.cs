using System.Diagnostics;
using System.Globalization;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Postgres;

/// <summary><c>postmaster.pid</c>: what the running server, or the last one, wrote about itself.</summary>
internal static class PostmasterFile
{
    internal static string Of(ClusterFolder folder) => Path.Combine(folder.Data, "postmaster.pid");

    /// <summary>Process id of the server that runs on this folder; null when none does, whatever an old file claims.</summary>
    public static int? RunningServer(ClusterFolder folder) =>
        WrittenPid(folder) is { } pid && IsPostgres(pid) ? pid : null;

    /// <summary>Removes what a killed server left, when its process id belongs to another program by now: the server would refuse to start.</summary>
    public static void DropStale(ClusterFolder folder)
    {
        if (File.Exists(Of(folder)) && RunningServer(folder) is null)
            File.Delete(Of(folder));
    }

    private static int? WrittenPid(ClusterFolder folder)
    {
        try
        {
            var first = File.ReadLines(Of(folder)).FirstOrDefault();
            return int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool IsPostgres(int pid)
    {
        // A zombie keeps its number and name but serves nobody.
        if (ProcessIdentity.Of(pid) is null)
            return false;
        try
        {
            using var process = Process.GetProcessById(pid);
            return process.ProcessName.StartsWith("postgres", StringComparison.OrdinalIgnoreCase);
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}
