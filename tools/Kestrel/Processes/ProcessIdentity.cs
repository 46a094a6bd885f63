using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;

namespace KestrelVoice.Cli.Processes;

/// <summary>A process, told apart from a later one that the system gave the same number.</summary>
/// <param name="Pid">Process id.</param>
/// <param name="Started">When it began, in the system's own terms; equal text means the same process.</param>
internal sealed record ProcessIdentity(int Pid, string Started)
{
    [JsonIgnore]
    public bool IsAlive => Of(Pid) == this;

    public static ProcessIdentity Current => Of(Environment.ProcessId)!;

    /// <summary>Null when there is no such process, or only a zombie that nobody has collected.</summary>
    public static ProcessIdentity? Of(int pid)
    {
        if (OperatingSystem.IsLinux())
            return LinuxStat.Read(pid) is { IsZombie: false } stat ? new ProcessIdentity(pid, $"{LinuxStat.BootId}/{stat.StartTicks}") : null;

        try
        {
            using var process = Process.GetProcessById(pid);
            return process.HasExited
                ? null
                : new ProcessIdentity(pid, process.StartTime.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture));
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
