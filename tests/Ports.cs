using System.Net;
using System.Net.Sockets;

namespace KestrelVoice.Tests;

/// <summary>
/// Loopback ports for servers that tests start, restart and kill. They lie below those that systems give to outgoing connections (Linux from 32768 on), so no
/// connection of another test sits on one between its choice and its use; and they come from blocks of which a process holds the first port as long as it
/// lives, so no two test assemblies that run at once, nor two checkouts, are given the same.
/// </summary>
internal static class Ports
{
    private const int BlockSize = 100;
    private const int FirstBlock = 100;
    private const int LastBlock = 326;

    private static readonly Lock s_taking = new();
    private static readonly List<Socket> s_leases = [];
    private static int s_next;
    private static int s_end;

    /// <summary>A port that nobody listens on and that nobody else is given.</summary>
    public static int Take()
    {
        lock (s_taking)
        {
            while (true)
            {
                if (s_next == s_end)
                {
                    s_next = TakeBlock() + 1;
                    s_end = s_next - 1 + BlockSize;
                }

                var port = s_next++;
                if (IsFree(port))
                    return port;
            }
        }
    }

    public static int[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Take())];

    /// <summary>A multiple of a hundred; it and the 99 ports above it are the caller's.</summary>
    public static int TakeBlock()
    {
        lock (s_taking)
        {
            // From a random place on, so that a port on which something was left listening is not the first choice of every run.
            var start = Random.Shared.Next(FirstBlock, LastBlock + 1);
            for (var tried = 0; tried <= LastBlock - FirstBlock; tried++)
            {
                var block = (FirstBlock + ((start - FirstBlock + tried) % (LastBlock - FirstBlock + 1))) * BlockSize;
                if (Bound(block) is not { } lease)
                    continue;
                s_leases.Add(lease);
                return block;
            }
        }

        throw new InvalidOperationException($"No {BlockSize} ports are free together between {FirstBlock * BlockSize} and {(LastBlock + 1) * BlockSize}.");
    }

    private static bool IsFree(int port)
    {
        using var socket = Bound(port);
        return socket is not null;
    }

    private static Socket? Bound(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            // A port that is only bound may be bound again; one that is listened on may not.
            socket.Listen(1);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }
}
