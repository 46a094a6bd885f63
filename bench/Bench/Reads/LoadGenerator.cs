using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace KestrelVoice.Bench.Reads;

/// <summary>What the generator is asked to send: whole requests, taken in turn.</summary>
internal sealed record LoadOrder(int Port, IReadOnlyList<byte[]> Requests, int Status, int Connections, double Seconds);

/// <summary>What came of it.</summary>
internal sealed record LoadResult(int Answers, double Seconds, double P50Milliseconds, double P99Milliseconds, int Failures);

/// <summary>
/// A closed loop over plain sockets in one thread of a process of its own: on two cores, what the load costs is missing from what is measured.
/// </summary>
internal static class LoadGenerator
{
    private const int Microseconds = 1_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private sealed record Connection(Socket Socket, ResponseReader Response)
    {
        public long SentAt { get; set; }
    }

    /// <summary>Takes orders, a line each, until there are no more.</summary>
    public static async Task RunAsync(TextReader orders, TextWriter results, CancellationToken cancellationToken)
    {
        while (await orders.ReadLineAsync(cancellationToken) is { } line)
        {
            var result = Run(JsonSerializer.Deserialize<LoadOrder>(line)!);
            await results.WriteLineAsync(JsonSerializer.Serialize(result).AsMemory(), cancellationToken);
            await results.FlushAsync(cancellationToken);
        }
    }

    private static LoadResult Run(LoadOrder order)
    {
        var connections = Enumerable.Range(0, order.Connections).Select(_ => Connect(order.Port)).ToDictionary(connection => connection.Socket);
        try
        {
            return Loop(order, connections);
        }
        finally
        {
            foreach (var socket in connections.Keys)
                socket.Dispose();
        }
    }

    private static LoadResult Loop(LoadOrder order, Dictionary<Socket, Connection> connections)
    {
        var latencies = new List<long>(capacity: 1 << 17);
        var ready = new List<Socket>(connections.Count);
        var buffer = new byte[64 * 1024];
        var (next, failures) = (0, 0);
        var started = Stopwatch.GetTimestamp();
        var end = started + (long)(order.Seconds * Stopwatch.Frequency);
        var waiting = new HashSet<Socket>(connections.Count);
        foreach (var connection in connections.Values)
            Send(connection);

        while (waiting.Count > 0)
        {
            ready.Clear();
            ready.AddRange(waiting);
            Socket.Select(ready, null, null, Microseconds);
            if (ready.Count == 0 && Stopwatch.GetElapsedTime(end) > Patience)
            {
                failures += waiting.Count;
                break;
            }
            foreach (var socket in ready)
                Receive(connections[socket]);
        }
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        latencies.Sort();
        return new LoadResult(latencies.Count, seconds, At(latencies, 0.50), At(latencies, 0.99), failures);

        void Send(Connection connection)
        {
            connection.Response.Reset();
            connection.SentAt = Stopwatch.GetTimestamp();
            connection.Socket.Send(order.Requests[next++ % order.Requests.Count]);
            waiting.Add(connection.Socket);
        }

        void Receive(Connection connection)
        {
            var received = connection.Socket.Receive(buffer);
            if (received == 0)
                throw new IOException("The server closed a connection in the middle of a response.");
            if (!connection.Response.Take(buffer.AsSpan(0, received)))
                return;
            var now = Stopwatch.GetTimestamp();
            latencies.Add(now - connection.SentAt);
            if (connection.Response.Status != order.Status)
                failures++;
            if (now < end)
                Send(connection);
            else
                waiting.Remove(connection.Socket);
        }
    }

    private static Connection Connect(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, port);
        return new Connection(socket, new ResponseReader());
    }

    private static double At(List<long> ordered, double share) => ordered.Count == 0
        ? double.NaN
        : ordered[Math.Min(ordered.Count - 1, (int)(ordered.Count * share))] * 1000.0 / Stopwatch.Frequency;
}
