using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.EndToEnd.Tests.Running;
using Npgsql;
using Spectre.Console;

namespace KestrelVoice.Bench;

/// <summary>How fast events become call logs, all the way: publish API, broker, delivery, dedup, projection, counters, commit.</summary>
internal static class IngestBench
{
    private const int EventsACall = 5;

    public static async Task RunAsync(int calls, int connections, int rounds, CancellationToken cancellationToken)
    {
        await using var stack = await Stack.StartAsync(cancellationToken);
        await using var source = NpgsqlDataSource.Create(stack.DatabaseConnectionString);
        await ExecuteAsync(source, "create table bench_events (tenant_id uuid, event_id text, call_sid text, type text, body jsonb, received_at timestamptz, primary key (tenant_id, event_id))", cancellationToken);
        var tenantId = (Guid)(await ScalarAsync(source, "select id from tenants", cancellationToken))!;
        await using var bare = await BareProcess.StartAsync(stack, tenantId, cancellationToken);
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false });

        var ratios = new List<double>();
        var table = new Table().Title($"{calls} calls of {EventsACall} events a round, {connections} publishers")
            .AddColumns("round", "published/s", "p50 ms", "p99 ms", "committed/s", "bare inserts/s", "committed of bare");
        for (var round = 0; round <= rounds; round++)
        {
            var events = Events(tenantId, calls, round);
            var before = (long)(await ScalarAsync(source, "select count(*) from call_events", cancellationToken))!;
            var clock = Stopwatch.StartNew();
            var latencies = await SendAsync(client, events, connections, callEvent => Publish(stack, callEvent), cancellationToken);
            var published = clock.Elapsed;
            while ((long)(await ScalarAsync(source, "select count(*) from call_events", cancellationToken))! < before + events.Count)
                await Task.Delay(50, cancellationToken);
            var committed = clock.Elapsed;

            clock.Restart();
            await SendAsync(client, events, connections, callEvent => new HttpRequestMessage(
                HttpMethod.Post, new Uri(bare.Url, $"/event/{callEvent.Call.CallSid}/{callEvent.EventId}"))
            { Content = Json(callEvent) }, cancellationToken);
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

    private static List<CallEvent> Events(Guid tenantId, int calls, int round) => [.. Enumerable.Range(0, calls).SelectMany(call =>
    {
        var sid = string.Create(CultureInfo.InvariantCulture, $"CA{round:x4}{call:x28}");
        var at = TimeProvider.System.GetUtcNow();
        var header = new CallHeader(sid, "AC" + new string('0', 32), tenantId, "+15035557777", "+15035550100", "inbound", at);
        return new CallEvent[]
        {
            new CallStarted($"{sid}-0", header, 0, at, null, OpenNow: true, RecordingNoticePlayed: true),
            new TurnSpoken($"{sid}-1", header, 1, at, Speaker.Receptionist, "How can we help?", null, Keys: false),
            new TurnSpoken($"{sid}-2", header, 2, at, Speaker.Caller, "The water heater leaks and I would like somebody to look at it.", 0.9, Keys: false),
            new TurnSpoken($"{sid}-3", header, 3, at, Speaker.Receptionist, "Somebody will call you back.", null, Keys: false),
            new CallEnded($"{sid}-4", header, 4, at, "completed", 42, null),
        };
    })];

    private static HttpRequestMessage Publish(Stack stack, CallEvent callEvent) => new(
        HttpMethod.Post,
        new Uri(stack.VoiceSidecar, $"/v1.0/publish/{Components.PubSub}/{Topics.Calls}?metadata.cloudevent.id={callEvent.EventId}&metadata.cloudevent.type={CallEventTypes.Of(callEvent)}&metadata.partitionKey={callEvent.Call.CallSid}"))
    {
        Headers = { { "dapr-api-token", stack.DaprToken } },
        Content = Json(callEvent),
    };

    private static StringContent Json(CallEvent callEvent) =>
        new(JsonSerializer.Serialize(callEvent, callEvent.GetType(), ContractJson.Options), Encoding.UTF8, "application/json");

    private static async Task<List<double>> SendAsync(
        HttpClient client, List<CallEvent> events, int connections, Func<CallEvent, HttpRequestMessage> request, CancellationToken cancellationToken)
    {
        var latencies = new double[events.Count];
        await Parallel.ForAsync(0, events.Count, new ParallelOptions { MaxDegreeOfParallelism = connections, CancellationToken = cancellationToken }, async (index, token) =>
        {
            var started = Stopwatch.GetTimestamp();
            using var message = request(events[index]);
            using var response = await client.SendAsync(message, token);
            response.EnsureSuccessStatusCode();
            latencies[index] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        });
        return [.. latencies.Order()];
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
