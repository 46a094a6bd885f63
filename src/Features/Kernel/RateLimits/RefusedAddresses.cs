using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Kernel.RateLimits;

/// <summary>Counts requests that were refused for their credential, by address: who tries keys is turned away before any is looked up.</summary>
internal sealed class RefusedAddresses(IOptions<RateLimitSettings> settings, TimeProvider clock)
{
    private const int MostAddresses = 50_000;
    private Minute _minute = new(0);

    /// <summary>Seconds for which the address is not listened to; null when it is.</summary>
    internal int? Wait(IPAddress? address)
    {
        var (minute, seconds) = Now();
        return minute.Counts.TryGetValue(Key(address), out var refused) && refused >= settings.Value.RefusedPerAddress ? seconds : null;
    }

    internal void Note(IPAddress? address)
    {
        var counts = Now().Minute.Counts;
        var key = Key(address);
        if (counts.ContainsKey(key) || counts.Count < MostAddresses)
            counts.AddOrUpdate(key, 1, static (_, refused) => refused + 1);
    }

    private (Minute Minute, int SecondsLeft) Now()
    {
        var seconds = clock.GetUtcNow().ToUnixTimeSeconds();
        var known = Volatile.Read(ref _minute);
        if (known.Number != seconds / 60)
        {
            var fresh = new Minute(seconds / 60);
            known = Interlocked.CompareExchange(ref _minute, fresh, known) == known ? fresh : Volatile.Read(ref _minute);
        }
        return (known, 60 - (int)(seconds % 60));
    }

    // Whoever has one IPv6 address has its whole /64.
    private static UInt128 Key(IPAddress? address)
    {
        if (address is null)
            return 0;
        Span<byte> bytes = stackalloc byte[16];
        if (!address.IsIPv4MappedToIPv6 && address.AddressFamily is AddressFamily.InterNetworkV6)
        {
            address.TryWriteBytes(bytes, out _);
            bytes[8..].Clear();
        }
        else
            address.MapToIPv6().TryWriteBytes(bytes, out _);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private sealed class Minute(long number)
    {
        internal long Number { get; } = number;

        internal ConcurrentDictionary<UInt128, int> Counts { get; } = new();
    }
}
