using System.Globalization;

namespace KestrelVoice.Cli.Processes;

/// <summary>The fields of <c>/proc/PID/stat</c> that matter here.</summary>
internal sealed record LinuxStat(int Pid, string Name, bool IsZombie, int ParentPid, int Group, string StartTicks)
{
    public static string BootId { get; } = ReadBootId();

    public static LinuxStat? Read(int pid)
    {
        string text;
        try
        {
            text = File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // The name stands in parentheses and may itself hold spaces and parentheses.
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var close = text.LastIndexOf(')');
        var fields = text[(close + 2)..].Split(' ');
        return new LinuxStat(
            pid,
            text[(open + 1)..close],
            fields[0] is "Z" or "X",
            int.Parse(fields[1], CultureInfo.InvariantCulture),
            int.Parse(fields[2], CultureInfo.InvariantCulture),
            fields[19]);
    }

    public static IEnumerable<LinuxStat> All() =>
        Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? Read(pid) : null)
            .OfType<LinuxStat>();

    private static string ReadBootId()
    {
        const string path = "/proc/sys/kernel/random/boot_id";
        return File.Exists(path) ? File.ReadAllText(path).Trim() : "";
    }
}
