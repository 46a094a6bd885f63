using System.Diagnostics;

namespace KestrelVoice.Bench;

/// <summary>What one round of one subject measured.</summary>
internal sealed record Round(double RequestsPerSecond, double P50Milliseconds, double P99Milliseconds, int Failures);

/// <summary>A closed-loop load: each connection sends its next request when the last one is answered.</summary>
internal static class Load
{
    public static async Task<Round> RunAsync(Func<HttpRequestMessage> request, int connections, TimeSpan length, CancellationToken cancellationToken)
    {
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = connections, UseCookies = false, UseProxy = false, ActivityHeadersPropagator = null };
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(30) };
        var clock = Stopwatch.StartNew();
        var workers = await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(() => LoopAsync(client, request, clock, length, cancellationToken), cancellationToken)));
        var elapsed = clock.Elapsed.TotalSeconds;

        var latencies = workers.SelectMany(worker => worker.Latencies).Order().ToArray();
        return new Round(latencies.Length / elapsed, Percentile(latencies, 0.50), Percentile(latencies, 0.99), workers.Sum(worker => worker.Failures));
    }

    public static double Percentile(IReadOnlyList<double> ordered, double share) =>
        ordered.Count == 0 ? double.NaN : ordered[Math.Min(ordered.Count - 1, (int)(ordered.Count * share))];

    public static double Median(IEnumerable<double> values)
    {
        var ordered = values.Order().ToArray();
        return Percentile(ordered, 0.5);
    }

    private static async Task<(List<double> Latencies, int Failures)> LoopAsync(
        HttpClient client, Func<HttpRequestMessage> request, Stopwatch clock, TimeSpan length, CancellationToken cancellationToken)
    {
        var latencies = new List<double>(capacity: 8192);
        var failures = 0;
        while (clock.Elapsed < length)
        {
            var started = Stopwatch.GetTimestamp();
            using var message = request();
            using var response = await client.SendAsync(message, cancellationToken);
            await response.Content.ReadAsByteArrayAsync(cancellationToken);
            latencies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            if (!response.IsSuccessStatusCode)
                failures++;
        }
        return (latencies, failures);
    }
}
