using System.Collections.Concurrent;
using Dapper;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Identity.Credentials;

/// <summary>When keys were last used: gathered in memory, written together, and never while a request waits.</summary>
internal sealed partial class ApiKeyUse(NpgsqlDataSource database, TimeProvider clock, ILogger<ApiKeyUse> logger) : BackgroundService
{
    private const string Touch = "select touch_api_keys(@Ids, @Times)";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BetweenWritesOfAKey = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _used = new();
    // A host that is stopped twice at once writes twice at once.
    private readonly ConcurrentDictionary<Guid, DateTimeOffset> _written = new();

    internal void Note(Guid id, DateTimeOffset at) => _used[id] = at;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await WriteAsync(clock.GetUtcNow() - BetweenWritesOfAKey, stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What the last minute held back is written on the way out.
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WriteAsync(DateTimeOffset.MaxValue, cancellationToken);
    }

    private async Task WriteAsync(DateTimeOffset notWrittenSince, CancellationToken cancellationToken)
    {
        var due = _used.Where(used => !_written.TryGetValue(used.Key, out var at) || at <= notWrittenSince).ToArray();
        if (due.Length == 0)
            return;
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellationToken);
            await connection.ExecuteAsync(new CommandDefinition(
                Touch,
                new { Ids = due.Select(used => used.Key).ToArray(), Times = due.Select(used => used.Value.UtcDateTime).ToArray() },
                cancellationToken: cancellationToken));
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            LogDelayed(logger, due.Length);
            return;
        }
        foreach (var used in due)
        {
            _used.TryRemove(used);
            _written[used.Key] = clock.GetUtcNow();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The last use of {Count} API keys could not be written yet")]
    private static partial void LogDelayed(ILogger logger, int count);
}
