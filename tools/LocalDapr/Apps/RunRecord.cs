using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;

namespace KestrelVoice.LocalDapr.Apps;

/// <summary>
/// Who runs on a state file, kept beside it: a lock against a second run, and the apps that were started, so that the run
/// after a kill -9 can stop the ones left behind. A process is ours only if its start time and name agree too.
/// </summary>
internal sealed class RunRecord : IDisposable
{
    private static readonly TimeSpan s_startTimeJitter = TimeSpan.FromSeconds(2);

    private readonly FileStream _lock;
    private readonly string _file;
    private readonly List<Entry> _entries = [];

    private RunRecord(FileStream held, string file) => (_lock, _file) = (held, file);

    private sealed record Entry(string AppId, int Pid, DateTime Started, string Name);

    public static RunRecord Take(string stateFile)
    {
        try
        {
            return new RunRecord(new FileStream(stateFile + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), stateFile + ".run.json");
        }
        catch (IOException exception)
        {
            throw new LocalDaprRefusedException($"{stateFile} is in use by another run of LocalDapr.", exception);
        }
    }

    /// <summary>Stops the apps of a run that was killed; returns their app ids.</summary>
    public async Task<IReadOnlyList<string>> StopLeftoversAsync(TimeProvider clock)
    {
        var stopped = new List<string>();
        foreach (var entry in Read())
        {
            using var process = Find(entry);
            if (process is null)
                continue;
            var descendants = ChildProcesses.Descendants(process);
            await ChildProcesses.StopAsync(process, TimeSpan.FromSeconds(5), clock);
            foreach (var orphan in descendants)
                await ChildProcesses.StopAsync(orphan, TimeSpan.FromSeconds(1), clock);
            stopped.Add(entry.AppId);
        }
        File.Delete(_file);
        return stopped;
    }

    public void Add(string appId, Process process)
    {
        try
        {
            _entries.Add(new Entry(appId, process.Id, process.StartTime.ToUniversalTime(), process.ProcessName));
        }
        catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
        {
            return;
        }
        var next = _file + ".new";
        File.WriteAllText(next, JsonSerializer.Serialize(_entries));
        File.Move(next, _file, overwrite: true);
    }

    /// <summary>Every app has left: nothing remains to be stopped next time.</summary>
    public void Clear() => File.Delete(_file);

    public void Dispose() => _lock.Dispose();

    private List<Entry> Read()
    {
        try
        {
            return File.Exists(_file) ? JsonSerializer.Deserialize<List<Entry>>(File.ReadAllText(_file)) ?? [] : [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    private static Process? Find(Entry entry)
    {
        try
        {
            var process = Process.GetProcessById(entry.Pid);
            return !process.HasExited
                && process.ProcessName == entry.Name
                && (process.StartTime.ToUniversalTime() - entry.Started).Duration() < s_startTimeJitter
                ? process
                : null;
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or Win32Exception)
        {
            return null;
        }
    }
}
