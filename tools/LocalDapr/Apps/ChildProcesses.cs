using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace KestrelVoice.LocalDapr.Apps;

/// <summary>Asking processes to leave, and making sure they did.</summary>
internal static class ChildProcesses
{
    private const int Sigterm = 15;

    /// <summary>SIGTERM, then after the grace period the end of the process and of everything it started.</summary>
    public static async Task StopAsync(Process process, TimeSpan grace)
    {
        if (HasExited(process))
            return;
        // Windows has no SIGTERM to send, so there the app is ended at once.
        if (!OperatingSystem.IsWindows() && Kill(process.Id, Sigterm) == 0)
        {
            using var deadline = new CancellationTokenSource(grace);
            try
            {
                await process.WaitForExitAsync(deadline.Token);
                return;
            }
            catch (OperationCanceledException)
            {
            }
        }
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It left by itself in the meantime.
        }
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>
    /// Stops whatever carries a variable in the environment it was started with: children that outlived their parent are
    /// found by nothing else. Only where the system shows environments; elsewhere it finds none.
    /// </summary>
    public static async Task<int> StopMarkedAsync(string variable, string value, TimeSpan grace)
    {
        if (!OperatingSystem.IsLinux())
            return 0;
        var marker = Encoding.UTF8.GetBytes($"{variable}={value}\0");
        var marked = Process.GetProcesses()
            .Where(process => process.Id != Environment.ProcessId && EnvironmentOf(process.Id).AsSpan().IndexOf(marker) >= 0)
            .ToArray();
        await Task.WhenAll(marked.Select(process => StopAsync(process, grace)));
        return marked.Length;
    }

    public static bool HasExited(Process process)
    {
        try
        {
            return process.HasExited;
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            return true;
        }
    }

    /// <summary>When a process began, so that a later one with the same number is not taken for it; null when there is none.</summary>
    public static string? BirthOf(Process process)
    {
        try
        {
            if (!OperatingSystem.IsLinux())
                return process.HasExited ? null : process.StartTime.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
            // In the kernel's own ticks: computed as a time of day, it differs from one reader to the next.
            return Stat(process.Id) is [not "Z", ..] and var fields ? $"{File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim()}/{fields[19]}" : null;
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception or IOException)
        {
            return null;
        }
    }

    private static byte[] EnvironmentOf(int pid)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{pid}/environ");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // "pid (name) state ppid ...": what follows the name, which may hold anything, a bracket too.
    private static string[] Stat(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
