using KestrelVoice.LocalDapr.Tests.Harness;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.LocalDapr.Tests.Workflows;

/// <summary>One app, one worker on the bare wire, and time that stands still.</summary>
public abstract class WorkflowTest : IAsyncLifetime
{
    private TaskHubLink? _hub;

    private protected WorkflowTest() => Run = new DaprRun { Clock = Clock };

    private protected FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));

    private protected DaprRun Run { get; }

    private protected TaskHubLink Hub => _hub!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(DaprRun.IsReal, "Time of a real daprd cannot be set.");
        await Run.WithApp("host").StartAsync();
        _hub = await TaskHubLink.ConnectAsync(Run);
    }

    public async ValueTask DisposeAsync()
    {
        if (_hub is not null)
            await _hub.DisposeAsync();
        await Run.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Stops everything, as a restart of the machine would, and connects anew.</summary>
    private protected async Task RestartAsync()
    {
        await _hub!.DisposeAsync();
        await Run.StopAsync();
        await Run.StartAsync();
        _hub = await TaskHubLink.ConnectAsync(Run);
    }

    /// <summary>Lets time pass, a second at a time, until something has come of it.</summary>
    private protected Task PassTimeUntil(Func<bool> condition, string what) => Poll.Until(
        () =>
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            return condition();
        },
        what);
}
