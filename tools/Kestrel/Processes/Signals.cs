using System.Runtime.InteropServices;

namespace KestrelVoice.Cli.Processes;

/// <summary>What .NET does not offer: a polite request to stop, and a session of one's own.</summary>
internal static class Signals
{
    private const int Terminate = 15;
    private const int KillNow = 9;

    /// <summary>SIGTERM. On Windows, where there is none for another console, nothing happens and the caller's deadline decides.</summary>
    public static void AskToStop(ProcessIdentity process) => Send(process, Terminate);

    public static void Kill(ProcessIdentity process)
    {
        if (!OperatingSystem.IsWindows())
        {
            Send(process, KillNow);
            return;
        }

        try
        {
            using var found = System.Diagnostics.Process.GetProcessById(process.Pid);
            if (process.IsAlive)
                found.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return;
        }
    }

    /// <summary>Leaves the terminal's process group, so that Ctrl-C reaches only the one who then stops everything in order.</summary>
    public static void BecomeSessionLeader()
    {
        if (!OperatingSystem.IsWindows())
            _ = SetSid();
    }

    private static void Send(ProcessIdentity process, int signal)
    {
        if (!OperatingSystem.IsWindows() && process.IsAlive)
            _ = KillProcess(process.Pid, signal);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int KillProcess(int pid, int signal);

    [DllImport("libc", EntryPoint = "setsid", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int SetSid();
}
