using System.Net;
using System.Net.Sockets;

namespace KestrelVoice.Cli.Processes;

/// <summary>TCP ports on the loopback addresses.</summary>
internal static class FreePort
{
    public static int Next()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Whether a server could listen there now, on IPv4 and, where there is one, on IPv6.</summary>
    public static bool IsFree(int port) => CanListen(IPAddress.Loopback, port) && (!Socket.OSSupportsIPv6 || CanListen(IPAddress.IPv6Loopback, port));

    private static bool CanListen(IPAddress address, int port)
    {
        using var listener = new TcpListener(address, port);
        try
        {
            // As servers on Unix do: connections of a former server that linger in TIME_WAIT do not matter.
            if (!OperatingSystem.IsWindows())
                listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            listener.Start();
            return true;
        }
        catch (SocketException problem)
        {
            return problem.SocketErrorCode is SocketError.AddressNotAvailable;
        }
    }
}
