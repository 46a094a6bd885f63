using System.Text;
using Dapper;
using Dapr.Client;
using Grpc.Core;
using KestrelVoice.Contracts;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Kernel;

/// <summary>Publishes what transactions left in the outbox: at once in the process that committed, and within a second in any other.</summary>
/// <remarks>A row is removed after it was published, so it may be published twice; its id, which is the CloudEvent's, stays the same.</remarks>
internal sealed partial class OutboxRelay(
    NpgsqlDataSource source, DaprClient dapr, Outbox outbox, TimeProvider clock, Random random, ILogger<OutboxRelay> logger) : BackgroundService
{
    private const int Batch = 50;

    private const string Take =
        """
        select id, topic, type, data::text as data
        from outbox
        order by urgent desc, created_at, id
        limit @Batch
        for update skip locked
        """;

    private const string Remove = "delete from outbox where id = any (@Published)";

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    private bool _away;

    private enum Pass
    {
        Emptied,
        More,
        Away,
    }

    private sealed record Row(Guid Id, string Topic, string Type, string Data);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = ShortestPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            switch (await RelayAsync(stoppingToken))
            {
                case Pass.Emptied:
                    pause = ShortestPause;
                    await outbox.WaitAsync(Poll, stoppingToken);
                    break;
                case Pass.Away:
                    await Task.Delay(pause * (0.5 + random.NextDouble()), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                    break;
                case Pass.More:
                    pause = ShortestPause;
                    break;
            }
        }
    }

    private async Task<Pass> RelayAsync(CancellationToken stoppingToken)
    {
        try
        {
            await using var connection = await source.OpenConnectionAsync(stoppingToken);
            await using var transaction = await connection.BeginTransactionAsync(stoppingToken);
            var rows = (await connection.QueryAsync<Row>(new CommandDefinition(
                Take, new { Batch }, transaction, cancellationToken: stoppingToken))).AsList();
            if (rows.Count == 0)
                return Pass.Emptied;

            var failures = await Task.WhenAll(rows.Select(row => TryPublishAsync(row, stoppingToken)));
            var published = rows.Where((_, index) => failures[index] is null).Select(row => row.Id).ToArray();
            if (published.Length > 0)
            {
                await connection.ExecuteAsync(new CommandDefinition(Remove, new { Published = published }, transaction, cancellationToken: stoppingToken));
                await transaction.CommitAsync(stoppingToken);
            }
            if (failures.FirstOrDefault(failure => failure is not null) is { } reason)
                return Away(reason);
            Back();
            return rows.Count == Batch ? Pass.More : Pass.Emptied;
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            return Away(away.GetType().Name);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return Pass.Emptied;
        }
    }

    /// <summary>Why not; null when it was published.</summary>
    private async Task<string?> TryPublishAsync(Row row, CancellationToken stoppingToken)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, stoppingToken);
        try
        {
            await dapr.PublishByteEventAsync(
                Components.PubSub, row.Topic, Encoding.UTF8.GetBytes(row.Data), "application/json",
                new Dictionary<string, string> { ["cloudevent.id"] = row.Id.ToString(), ["cloudevent.type"] = row.Type },
                either.Token);
            return null;
        }
#pragma warning disable CA1031 // Whatever it failed with, the row stays and is tried again.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return (failure.InnerException ?? failure) is RpcException rpc ? rpc.StatusCode.ToString() : failure.GetType().Name;
        }
    }

    // One line an outage, however long it is and however much waits for its end.
    private Pass Away(string reason)
    {
        if (!_away)
            LogAway(logger, reason);
        _away = true;
        return Pass.Away;
    }

    private void Back()
    {
        if (_away)
            LogBack(logger);
        _away = false;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nothing can be published ({Reason}); it waits in the database until it can")]
    private static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "What waited to be published has been")]
    private static partial void LogBack(ILogger logger);
}
