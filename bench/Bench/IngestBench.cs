using System.Diagnostics;
using System.Globalization;
using KestrelVoice.EndToEnd.Tests.Running;
using Npgsql;
using Spectre.Console;

namespace KestrelVoice.Bench;

/// <summary>How fast events become call logs, all the way: publish API, broker, delivery, dedup, projection, counters, commit.</summary>
internal static class IngestBench
{
    public static async Task RunAsync(int calls, int connections, int rounds, CancellationToken cancellationToken)
    {
        await using var stack = await Stack.StartAsync(cancellationToken);
        await using var source = NpgsqlDataSource.Create(stack.DatabaseConnectionString);
        await ExecuteAsync(source, "create table bench_events (tenant_id uuid, event_id text, call_sid text, type text, body jsonb, received_at timestamptz, primary key (tenant_id, event_id))", cancellationToken);
        var tenantId = (Guid)(await ScalarAsync(source, "select id from tenants", cancellationToken))!;
        await using var bare = await BareProcess.StartAsync(stack, tenantId, cancellationToken);
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false });

        var ratios = new List<double>();
        var table = new Table().Title($"{calls} calls of {CallEvents.EventsACall} events a round, {connections} publishers")
            .AddColumns("round", "published/s", "p50 ms", "p99 ms", "committed/s", "bare inserts/s", "committed of bare");
        for (var round = 0; round <= rounds; round++)
        {
            var events = CallEvents.Of(tenantId, calls, $"{round:x4}");
            var before = (long)(await ScalarAsync(source, "select count(*) from call_events", cancellationToken))!;
            var clock = Stopwatch.StartNew();
            var latencies = await CallEvents.SendAsync(client, events, connections, callEvent => CallEvents.Publish(stack, callEvent), cancellationToken);
            var published = clock.Elapsed;
            while ((long)(await ScalarAsync(source, "select count(*) from call_events", cancellationToken))! < before + events.Count)
                await Task.Delay(50, cancellationToken);
            var committed = clock.Elapsed;

            clock.Restart();
            await CallEvents.SendAsync(client, events, connections, callEvent => new HttpRequestMessage(
                HttpMethod.Post, new Uri(bare.Url, $"/event/{callEvent.Call.CallSid}/{callEvent.EventId}"))
            { Content = CallEvents.Json(callEvent) }, cancellationToken);
            var inserted = clock.Elapsed;

            // The first round warms everything up.
            if (round == 0)
                continue;
            ratios.Add(inserted / committed);
            table.AddRow(
                Text(round), Text(events.Count / published.TotalSeconds), Text(Load.Percentile(latencies, 0.5), "F1"), Text(Load.Percentile(latencies, 0.99), "F1"),
                Text(events.Count / committed.TotalSeconds), Text(events.Count / inserted.TotalSeconds), Text(ratios[^1], "F2"));
        }
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine($"Median committed of bare: {Text(Load.Median(ratios), "F2")}; calls logged: {await ScalarAsync(source, "select count(*) from call_logs where status <> 'in-progress'", cancellationToken)}");
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<object?> ScalarAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    private static string Text(double number, string format = "F0") => number.ToString(format, CultureInfo.InvariantCulture);
}
