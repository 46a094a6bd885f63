using System.Net;
using System.Net.Sockets;

namespace KestrelVoice.LocalDapr.Sidecars;

/// <summary>
/// Sockets bound before the server starts: the same port on both loopback addresses, because clients say
/// <c>localhost</c> and mean either. A machine without IPv6 does with the one it has.
/// </summary>
internal sealed class Listeners
{
    private const int AttemptsAtAFreePort = 20;

    private readonly Dictionary<IPEndPoint, Socket> _sockets = [];

    public IEnumerable<IPEndPoint> EndPoints => _sockets.Keys;

    public Socket Take(EndPoint endPoint) => _sockets[(IPEndPoint)endPoint];

    /// <param name="port">0 asks for a free one.</param>
    /// <param name="purpose">For the message when the port is taken.</param>
    public int Bind(int port, string purpose)
    {
        for (var attempt = 1; ; attempt++)
        {
            var bound = new List<Socket>();
            try
            {
                var first = BindOne(IPAddress.Loopback, port)!;
                bound.Add(first);
                var chosen = ((IPEndPoint)first.LocalEndPoint!).Port;
                if (Socket.OSSupportsIPv6 && BindOne(IPAddress.IPv6Loopback, chosen) is { } second)
                    bound.Add(second);
                foreach (var socket in bound)
                    _sockets.Add((IPEndPoint)socket.LocalEndPoint!, socket);
                return chosen;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
            {
                foreach (var socket in bound)
                    socket.Dispose();
                if (port != 0 || attempt == AttemptsAtAFreePort)
                    throw new LocalDaprRefusedException($"port {port} ({purpose}) is in use by another program.", exception);
            }
        }
    }

    public void Dispose()
    {
        foreach (var socket in _sockets.Values)
            socket.Dispose();
    }

    private static Socket? BindOne(IPAddress address, int port)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(address, port));
            return socket;
        }
        catch (SocketException exception)
            when (address.AddressFamily == AddressFamily.InterNetworkV6
                && exception.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
        {
            socket.Dispose();
            return null;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
