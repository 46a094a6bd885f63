using System.Net.Sockets;

namespace KestrelVoice.LocalDapr.Apps;

/// <summary>Whether somebody already listens where an app is going to: its sidecar would take that for the app.</summary>
internal static class PortProbe
{
    public static bool IsTaken(string address, int port)
    {
        try
        {
            using var client = new TcpClient(address, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
