using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace KestrelVoice.LocalDapr.Tests.Harness;

internal static class Ports
{
    private static readonly ConcurrentDictionary<int, bool> s_given = [];

    /// <summary>A port that nobody listens on, and that no other test of this run was given.</summary>
    public static int Free()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var port = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (s_given.TryAdd(port, true))
                return port;
        }
    }
}
