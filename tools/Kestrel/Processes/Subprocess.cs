using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace KestrelVoice.Cli.Processes;

/// <summary>Runs another program to its end and keeps what it printed.</summary>
internal static class Subprocess
{
    private const int TailLimit = 64 * 1024;

    internal sealed record Request(string FileName, IReadOnlyList<string> Arguments)
    {
        public string? WorkingDirectory { get; init; }

        public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

        public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(1);

        /// <summary>Told each line of either stream.</summary>
        public Action<string>? OnLine { get; init; }

        /// <summary>Told the lines of the error stream in its stead.</summary>
        public Action<string>? OnErrorLine { get; init; }
    }

    /// <param name="ExitCode">Of the program; -1 when it did not end in time and was killed.</param>
    /// <param name="StandardOutput">Its last 64 KiB.</param>
    /// <param name="StandardError">Its last 64 KiB.</param>
    internal sealed record Result(int ExitCode, string StandardOutput, string StandardError)
    {
        public bool Succeeded => ExitCode == 0;

        public string Output => string.Join('\n', new[] { StandardOutput.TrimEnd(), StandardError.TrimEnd() }.Where(text => text.Length > 0));
    }

    internal static async Task<Result> RunAsync(Request request, CancellationToken cancellationToken)
    {
        using var process = Start(request);
        var output = new Tail();
        var errors = new Tail();
        var reading = Task.WhenAll(
            ReadAsync(process.StandardOutput, output, request.OnLine),
            ReadAsync(process.StandardError, errors, request.OnErrorLine ?? request.OnLine));

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(request.Timeout);
        try
        {
            // With own readers this waits for the process alone, not for pipes it may have handed to others.
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            return new Result(-1, output.ToString(), $"{errors}\n{request.FileName} did not end within {request.Timeout.TotalSeconds:0} s.");
        }

        // A server that the program left running may hold the pipes open for ever.
        await Task.WhenAny(reading, Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None));
        return new Result(process.ExitCode, output.ToString(), errors.ToString());
    }

    private static Process Start(Request request)
    {
        var start = new ProcessStartInfo(request.FileName, request.Arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
            WorkingDirectory = request.WorkingDirectory ?? "",
        };
        foreach (var (name, value) in request.Environment)
            start.Environment[name] = value;

        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception problem)
        {
            throw new KestrelException($"{request.FileName} could not be started: {problem.Message}", problem);
        }
    }

    private static async Task ReadAsync(StreamReader reader, Tail tail, Action<string>? onLine)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            tail.Add(line);
            onLine?.Invoke(line);
        }
    }

    private sealed class Tail
    {
        private readonly StringBuilder text = new();
        private readonly Lock gate = new();

        public void Add(string line)
        {
            lock (gate)
            {
                text.Append(line).Append('\n');
                if (text.Length > 2 * TailLimit)
                    text.Remove(0, text.Length - TailLimit);
            }
        }

        public override string ToString()
        {
            lock (gate)
                return text.ToString();
        }
    }
}
