using System.Globalization;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.LocalDapr.Logging;

/// <summary>Where the lines of a run go: the console of whoever started it, and a log file for each app and sidecar.</summary>
internal sealed class RunOutput(TextWriter console, TimeProvider clock) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<StreamWriter> _files = [];

    /// <summary>A line of LocalDapr itself.</summary>
    public void Say(string line) => ToConsole("LocalDapr: " + line);

    public void ToConsole(string line) => Write(console, line);

    /// <summary>Opens <c>{appId}_{kind}_{time}.log</c> and returns how to write a line to it.</summary>
    public Action<string> OpenFile(string directory, string appId, string kind)
    {
        Directory.CreateDirectory(directory);
        var stamp = clock.GetLocalNow().ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        var path = Path.Combine(directory, $"{appId}_{kind}_{stamp}.log");
        var writer = new StreamWriter(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite));
        lock (_gate)
            _files.Add(writer);
        return line => Write(writer, line);
    }

    /// <summary>Loggers of one sidecar: its lines go to <paramref name="write"/>, its errors to the console as well.</summary>
    public ILoggerFactory LoggersFor(string appId, Action<string>? write, bool onConsole) => LoggerFactory.Create(logging => logging
        .SetMinimumLevel(LogLevel.Information)
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddFilter("Microsoft.Hosting", LogLevel.None)
        .AddFilter("Grpc", LogLevel.None)
        .AddProvider(new LineLoggers(this, appId, write, onConsole, clock)));

    // A full disk or a closed pipe costs a line of log, never a message.
    private void Write(TextWriter writer, string line)
    {
        lock (_gate)
        {
            try
            {
                writer.WriteLine(line);
                writer.Flush();
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var file in _files)
                file.Dispose();
            _files.Clear();
        }
    }

    private sealed class LineLoggers(RunOutput output, string appId, Action<string>? write, bool onConsole, TimeProvider clock) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => new LineLogger(output, appId, write, onConsole, clock);

        public void Dispose()
        {
        }
    }

    private sealed class LineLogger(RunOutput output, string appId, Action<string>? write, bool onConsole, TimeProvider clock) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var time = clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            var line = $"{time} {Name(logLevel)} {formatter(state, exception)}{(exception is null ? "" : " " + exception)}";
            write?.Invoke(line);
            if (onConsole || logLevel >= LogLevel.Error)
                output.ToConsole($"== DAPR - {appId} == {line}");
        }

        private static string Name(LogLevel level) => level switch
        {
            LogLevel.Warning => "warning",
            LogLevel.Error or LogLevel.Critical => "error",
            _ => "info",
        };
    }
}
