using System.Collections.Concurrent;
using System.Diagnostics;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.EndToEnd.Tests.Running;

/// <summary>One process of the product that a test may kill and start again.</summary>
internal sealed class ManagedProcess(string name, string file, IReadOnlyList<string> arguments, string directory, IReadOnlyDictionary<string, string> environment)
    : IAsyncDisposable
{
    private const int KeptLines = 400;
    private readonly ConcurrentQueue<string> output = new();
    private Process? process;

    public string Name => name;

    public int Starts { get; private set; }

    /// <summary>Of the process that runs now.</summary>
    public int Id => process!.Id;

    public void Start()
    {
        process = new Process { StartInfo = StartInfo([]) };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        Starts++;
    }

    /// <summary>Runs the same program once with further arguments.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public async Task<string> RunToEndAsync(IReadOnlyList<string> more, CancellationToken cancellationToken)
    {
        using var once = Process.Start(StartInfo(more))!;
        var errors = once.StandardError.ReadToEndAsync(cancellationToken);
        var text = await once.StandardOutput.ReadToEndAsync(cancellationToken);
        await once.WaitForExitAsync(cancellationToken);
        if (once.ExitCode != 0)
            throw new InvalidOperationException($"{name} {string.Join(' ', more)} ended with {once.ExitCode}:\n{await errors}");
        return text;
    }

    /// <summary>kill -9: no handler of the process runs.</summary>
    public async Task KillAsync(CancellationToken cancellationToken)
    {
        if (process is null)
            return;
        process.Kill();
        await process.WaitForExitAsync(cancellationToken);
        process.Dispose();
        process = null;
    }

    /// <summary>What it, without its children, has used of the processors since its last start.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process!.Refresh();
            return process.TotalProcessorTime;
        }
    }

    /// <summary>SIGTERM, and the time to obey it.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (process is null)
            return;
        Signals.AskToStop(ProcessIdentity.Of(process.Id)!);
        await process.WaitForExitAsync(cancellationToken);
    }

    public bool HasExited => process?.HasExited ?? true;

    public string Log => string.Join(Environment.NewLine, output);

    public async ValueTask DisposeAsync()
    {
        if (process is null)
            return;
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync(CancellationToken.None);
        process.Dispose();
    }

    private ProcessStartInfo StartInfo(IReadOnlyList<string> more)
    {
        var start = new ProcessStartInfo(file, arguments.Concat(more))
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var (key, value) in environment)
            start.Environment[key] = value;
        return start;
    }

    private void Keep(string? line)
    {
        if (line is null)
            return;
        output.Enqueue(line);
        while (output.Count > KeptLines)
            output.TryDequeue(out _);
    }
}
