using System.Diagnostics;
using System.Globalization;
using KestrelVoice.EndToEnd.Tests.Running;
using Npgsql;
using Spectre.Console;

namespace KestrelVoice.Bench;

/// <summary>Retries that wait for hours: what they cost while they do, and whether they are all still there after kill -9 of host and sidecars.</summary>
internal static class RetryBench
{
    private const int Endpoints = 16;
    private const int Connections = 8;

    // What was compiled on the way is compiled better for a while afterwards.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(30);

    public static async Task RunAsync(int waiting, TimeSpan window, CancellationToken cancellationToken)
    {
        var settings = Enumerable.Range(0, 8).ToDictionary(index => $"Webhooks__RetrySchedule__{index}", _ => "12:00:00");
        await using var stack = await Stack.StartAsync(settings, cancellationToken);
        await using var source = NpgsqlDataSource.Create(stack.DatabaseConnectionString);
        // Nobody listens there: every first attempt fails at once.
        var nobody = new Uri($"http://127.0.0.1:{Ports.Take()}");
        await CompletedCalls.SubscribeAsync(stack, nobody, Endpoints, cancellationToken);
        using var client = new HttpClient();
        var table = new Table().Title($"Processor time while nothing happens for {window.TotalSeconds:F0} s, ms a second")
            .AddColumns("waiting retries", "host", "sidecars", "");

        await MeasureAsync(stack, window, table, "none", "", cancellationToken);
        var back = await KillAsync(stack, cancellationToken);
        await MeasureAsync(stack, window, table, "none, after kill -9", back, cancellationToken);

        var started = Stopwatch.GetTimestamp();
        var calls = (waiting + Endpoints - 1) / Endpoints;
        await CompletedCalls.PublishAsync(stack, client, calls, "0000", Connections, cancellationToken);
        while (await WaitingAsync(source, cancellationToken) < calls * Endpoints)
            await Task.Delay(100, cancellationToken);
        await MeasureAsync(
            stack, window, table, Text(calls * Endpoints), FormattableString.Invariant($"begun in {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s"), cancellationToken);
        back = await KillAsync(stack, cancellationToken);
        await MeasureAsync(stack, window, table, $"{await WaitingAsync(source, cancellationToken)}, after kill -9", back, cancellationToken);
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine($"Workflows that the sidecar says are waiting: {await StandingAsync(stack, client, source, cancellationToken)} of {calls * Endpoints}");
    }

    private static async Task<string> KillAsync(Stack stack, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        await stack.Host.KillAsync(cancellationToken);
        await stack.Sidecars.KillAsync(cancellationToken);
        stack.Sidecars.Start();
        stack.Host.Start();
        await stack.ReadyAsync(cancellationToken);
        return FormattableString.Invariant($"back in {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s");
    }

    private static async Task MeasureAsync(Stack stack, TimeSpan window, Table table, string what, string took, CancellationToken cancellationToken)
    {
        await Task.Delay(Settling, cancellationToken);
        var (host, sidecars) = (stack.Host.ProcessorTime, stack.Sidecars.ProcessorTime);
        var started = Stopwatch.GetTimestamp();
        await Task.Delay(window, cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        table.AddRow(
            what, Text((stack.Host.ProcessorTime - host).TotalMilliseconds / elapsed, "F2"),
            Text((stack.Sidecars.ProcessorTime - sidecars).TotalMilliseconds / elapsed, "F2"), took);
    }

    private static async Task<long> WaitingAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var command = source.CreateCommand("select count(*) from webhook_messages where state = 'retrying'");
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static async Task<int> StandingAsync(Stack stack, HttpClient client, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        await using (var command = source.CreateCommand("select 'webhook-' || id || '-' || schedule from webhook_messages where state = 'retrying'"))
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
                ids.Add(rows.GetString(0));
        }
        var standing = 0;
        await Parallel.ForEachAsync(ids, new ParallelOptions { MaxDegreeOfParallelism = Connections, CancellationToken = cancellationToken }, async (id, token) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(stack.HostSidecar, $"/v1.0/workflows/dapr/{id}"))
            {
                Headers = { { "dapr-api-token", stack.DaprToken } },
            };
            using var response = await client.SendAsync(request, token);
            // Not begun until its hour has come.
            if ((await response.Content.ReadAsStringAsync(token)).Contains("\"PENDING\"", StringComparison.Ordinal))
                Interlocked.Increment(ref standing);
        });
        return standing;
    }

    private static string Text(double number, string format = "F0") => number.ToString(format, CultureInfo.InvariantCulture);
}
