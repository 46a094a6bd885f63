using System.Globalization;

namespace KestrelVoice.Cli.Processes;

/// <summary>Finds the processes that one run of <c>kestrel up</c> started, directly or not.</summary>
internal static class Descendants
{
    /// <summary>Set for everything that a run starts; children inherit it, however deep, even when their parent is gone.</summary>
    internal const string Mark = "KESTREL_RUN_ID";

    /// <summary>Set for everything that a test assembly starts.</summary>
    internal const string TestMark = "KESTREL_TEST_ID";

    /// <summary>All living processes below one, itself not included.</summary>
    public static async Task<IReadOnlyList<(ProcessIdentity Identity, string Command)>> BelowAsync(int root, CancellationToken cancellationToken)
    {
        var children = (await ListAsync(cancellationToken)).ToLookup(process => process.Parent);
        var found = new Dictionary<int, string>();
        var open = new Queue<int>([root]);
        while (open.TryDequeue(out var parent))
        {
            foreach (var child in children[parent].Where(child => found.TryAdd(child.Pid, child.Command)))
                open.Enqueue(child.Pid);
        }

        return [.. found.Select(each => (Identity: ProcessIdentity.Of(each.Key), each.Value)).Where(each => each.Identity is not null)
            .Select(each => (each.Identity!, each.Value))];
    }

    /// <summary>All living processes that carry a mark, this one not included. Only Linux tells.</summary>
    public static IReadOnlyList<ProcessIdentity> Marked(string mark, string id)
    {
        if (!OperatingSystem.IsLinux())
            return [];
        var entry = $"{mark}={id}";
        return [.. LinuxStat.All()
            .Where(process => !process.IsZombie && process.Pid != Environment.ProcessId && EnvironmentOf(process.Pid).Contains(entry))
            .Select(process => ProcessIdentity.Of(process.Pid))
            .OfType<ProcessIdentity>()];
    }

    public static string Describe(ProcessIdentity process) =>
        OperatingSystem.IsLinux() ? $"{process.Pid} {string.Join(' ', Words(process.Pid, "cmdline"))}" : $"{process.Pid}";

    private static string[] EnvironmentOf(int pid) => Words(pid, "environ");

    private static string[] Words(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/{file}").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static async Task<IEnumerable<(int Pid, int Parent, string Command)>> ListAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsLinux())
            return LinuxStat.All().Select(process => (process.Pid, process.ParentPid, string.Join(' ', Words(process.Pid, "cmdline"))));
        if (OperatingSystem.IsWindows())
            return [];

        var listed = await Subprocess.RunAsync(new("ps", ["-axwwo", "pid=,ppid=,command="]), cancellationToken);
        return listed.StandardOutput.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            .Where(fields => fields.Length == 3)
            .Select(fields => (int.Parse(fields[0], CultureInfo.InvariantCulture), int.Parse(fields[1], CultureInfo.InvariantCulture), fields[2]));
    }
}
