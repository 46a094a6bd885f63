using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace KestrelVoice.Bench.Reads;

/// <summary>Call events from a sidecar's publish API to committed rows, where there are many calls and where there are few, by turns.</summary>
internal static class Ingestion
{
    private const int CallsATurn = 200;

    private const string CountCommitted = "select count(*) from call_events where tenant_id = $1 and call_sid >= $2 and call_sid < $2 || 'g'";

    public static async Task RunAsync(SeededStack few, SeededStack many, int connections, int rounds, CancellationToken cancellationToken)
    {
        using var client = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseProxy = false });
        var turns = new Dictionary<SeededStack, List<Turn>> { [few] = [], [many] = [] };
        for (var round = 0; round <= rounds; round++)
        {
            await Console.Error.WriteLineAsync($"ingestion, round {round} of {rounds}");
            foreach (var (stack, own) in turns)
            {
                var turn = await TakeAsync(stack, client, connections, cancellationToken);
                // The first round warms everything up.
                if (round > 0)
                    own.Add(turn);
            }
        }
        var report = Growth.Table($"Ingestion at {few.Size} and at {many.Size} calls, {connections} publishers", few, many, "events");
        Growth.Add(report, "published to committed", [.. turns[few]], [.. turns[many]]);
        await report.WriteAsync();
    }

    private static async Task<Turn> TakeAsync(SeededStack stack, HttpClient client, int connections, CancellationToken cancellationToken)
    {
        var mark = string.Create(CultureInfo.InvariantCulture, $"f{stack.Ingested++:x3}");
        var events = CallEvents.Of(stack.TenantId, CallsATurn, mark);
        var before = ProcessorTime.Now();
        var started = Stopwatch.GetTimestamp();
        var latencies = await CallEvents.SendAsync(client, events, connections, one => CallEvents.Publish(stack.Stack, one), cancellationToken);
        while (await CommittedAsync(stack, mark, cancellationToken) < events.Count)
            await Task.Delay(10, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var after = ProcessorTime.Now();
        return new Turn(
            events.Count / seconds, Load.Percentile(latencies, 0.50), Load.Percentile(latencies, 0.99),
            Microseconds(stack.Stack.Host.Id), Microseconds(stack.Stack.PostgresProcessId), Failures: 0);

        double Microseconds(int process) => (after.OfTree(process) - before.OfTree(process)) * 1e6 / events.Count;
    }

    private static async Task<long> CommittedAsync(SeededStack stack, string mark, CancellationToken cancellationToken)
    {
        await using var command = stack.Database.CreateCommand(CountCommitted);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = stack.TenantId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "CA" + mark });
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}
