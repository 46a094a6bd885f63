using System.Diagnostics;
using System.Text.Json;

namespace KestrelVoice.LocalDapr.Apps;

/// <summary>
/// Who runs on a state file, kept beside it: a lock against a second run, and the apps that were started, so that the run
/// after a kill -9 can stop the ones left behind. A process is ours only if it began when ours did.
/// </summary>
internal sealed class RunRecord(FileStream held, string stateFile) : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly string _file = stateFile + ".run.json";
    private readonly List<Entry> _entries = [];

    private sealed record Entry(string AppId, int Pid, string Birth);

    public static RunRecord Take(string stateFile)
    {
        try
        {
            return new RunRecord(new FileStream(stateFile + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), stateFile);
        }
        catch (IOException exception)
        {
            throw new LocalDaprRefusedException($"{stateFile} is in use by another run of LocalDapr.", exception);
        }
    }

    /// <summary>What the run's apps, and whatever they start, are marked with.</summary>
    public (string Variable, string Value) Mark => ("KESTREL_DAPR_RUN", stateFile);

    /// <summary>Stops what a run that was killed left behind; false when there was nothing.</summary>
    public async Task<bool> StopLeftoversAsync()
    {
        var stopped = 0;
        foreach (var entry in Read())
        {
            using var process = Find(entry);
            if (process is null)
                continue;
            await ChildProcesses.StopAsync(process, s_patience);
            stopped++;
        }
        stopped += await StopMarkedAsync();
        File.Delete(_file);
        return stopped > 0;
    }

    /// <summary>Stops processes that the apps started and did not take with them.</summary>
    public Task<int> StopMarkedAsync() => ChildProcesses.StopMarkedAsync(Mark.Variable, Mark.Value, s_patience);

    public void Add(string appId, Process process)
    {
        if (ChildProcesses.BirthOf(process) is not { } birth)
            return;
        _entries.Add(new Entry(appId, process.Id, birth));
        var next = _file + ".new";
        File.WriteAllText(next, JsonSerializer.Serialize(_entries));
        File.Move(next, _file, overwrite: true);
    }

    /// <summary>Every app has left: nothing remains to be stopped next time.</summary>
    public void Clear() => File.Delete(_file);

    public void Dispose() => held.Dispose();

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
            return ChildProcesses.BirthOf(process) == entry.Birth ? process : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
