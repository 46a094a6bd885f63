using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KestrelVoice.LocalDapr.Apps;

/// <summary>Asking processes to leave, and making sure they did.</summary>
internal static class ChildProcesses
{
    private const int Sigterm = 15;

    /// <summary>SIGTERM, then after the grace period the end of the process and of everything it started.</summary>
    public static async Task StopAsync(Process process, TimeSpan grace, TimeProvider clock)
    {
        if (HasExited(process))
            return;
        // Windows has no SIGTERM to send, so there the app is ended at once.
        if (!OperatingSystem.IsWindows() && Kill(process.Id, Sigterm) == 0)
        {
            using var deadline = new CancellationTokenSource(grace, clock);
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

    /// <summary>Whatever the process started, directly or not, while it is still known who belongs to whom.</summary>
    public static IReadOnlyList<Process> Descendants(Process process)
    {
        if (!OperatingSystem.IsLinux())
            return [];
        var children = Process.GetProcesses().ToLookup(other => ParentOf(other.Id));
        var found = new List<Process>();
        var queue = new Queue<int>([process.Id]);
        while (queue.TryDequeue(out var parent))
        {
            foreach (var child in children[parent])
            {
                found.Add(child);
                queue.Enqueue(child.Id);
            }
        }
        return found;
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

    private static int ParentOf(int pid)
    {
        try
        {
            // "pid (name) state ppid ...": the name may hold anything, a bracket too.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return int.Parse(fields[1], System.Globalization.CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
