using System.Collections.Concurrent;
using Dapr.Workflow;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Workflow.Tests.Harness;

/// <summary>An app with a worker in it.</summary>
internal sealed class TestWorker : IAsyncDisposable
{
    private readonly IHost _host;

    private TestWorker(IHost host, Diary log) => (_host, Log) = (host, log);

    public Diary Log { get; }

    public IServiceProvider Services => _host.Services;

    public IDaprWorkflowClient Client => _host.Services.GetRequiredService<IDaprWorkflowClient>();

    public static async Task<TestWorker> StartAsync(
        string endpoint, Action<WorkflowRuntimeOptions> configure, TimeProvider? clock = null, string? token = null, Action<IServiceCollection>? services = null)
    {
        var log = new Diary();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["DAPR_GRPC_ENDPOINT"] = endpoint, ["DAPR_API_TOKEN"] = token });
        builder.Logging.AddProvider(log).SetMinimumLevel(LogLevel.Debug);
        if (clock is not null)
            builder.Services.AddSingleton(clock);
        services?.Invoke(builder.Services);
        builder.Services.AddDaprWorkflow(configure);
        var worker = new TestWorker(builder.Build(), log);
        await worker._host.StartAsync(TestContext.Current.CancellationToken);
        return worker;
    }

    public Task StopAsync() => _host.StopAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync(CancellationToken.None);
        if (_host is IAsyncDisposable disposable)
            await disposable.DisposeAsync();
    }

    internal sealed class Diary : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<(LogLevel Level, string Text)> Lines { get; } = [];

        public IEnumerable<string> Warnings => Lines.Where(line => line.Level >= LogLevel.Warning).Select(line => line.Text);

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue((logLevel, formatter(state, exception)));

        public void Dispose()
        {
        }
    }
}
