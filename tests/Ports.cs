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
    private const int Lowest = 10_000;
    private const int Highest = 32_699;

    private static readonly Lock s_taking = new();
    private static readonly List<Socket> s_leases = [];
    private static int s_next;

    /// <summary>A port that nobody listens on and that nobody else is given.</summary>
    public static int Take()
    {
        lock (s_taking)
        {
            while (true)
            {
                if (s_next % BlockSize == 0)
                    s_next = TakeBlock() + 1;
                var port = s_next++;
                if (IsFree(port))
                    return port;
            }
        }
    }

    public static int[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Take())];

    /// <summary>A multiple of a hundred, for a caller with a plan of its own: nobody else is given it or the 99 ports above it, though a stranger may listen there.</summary>
    public static int TakeBlock()
    {
        // In any order, so that one on which something was left listening is not the first choice of every run.
        var blocks = Enumerable.Range(Lowest / BlockSize, (Highest + 1 - Lowest) / BlockSize).Select(block => block * BlockSize).ToArray();
        Random.Shared.Shuffle(blocks);
        lock (s_taking)
        {
            foreach (var block in blocks)
            {
                if (Bound(block) is not { } lease)
                    continue;
                s_leases.Add(lease);
                return block;
            }
        }

        throw new InvalidOperationException($"Every block of {BlockSize} ports between {Lowest} and {Highest} is taken.");
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
