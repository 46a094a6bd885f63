using System.Net;
using System.Net.Sockets;

namespace KestrelVoice.Features.Kernel.CustomerUrls;

/// <summary>Asks DNS. A seam, because a name that changes its mind between two questions cannot be had otherwise.</summary>
internal delegate Task<IPAddress[]> ResolveName(string host, CancellationToken cancellationToken);

/// <summary>Every address of the name is one that we do not connect to.</summary>
internal sealed class BlockedAddressException(string message) : IOException(message);

/// <summary>From a host of a customer's URL to the addresses that may be connected to.</summary>
internal sealed class CustomerAddresses(ResolveName resolve, AllowedNetworks allowed, TimeProvider clock)
{
    private static readonly TimeSpan ResolveWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan OwnAddressesAreKept = TimeSpan.FromMinutes(1);
    private static readonly string[] InternalNames = ["localhost", "internal", "local", "home.arpa", "in-addr.arpa", "ip6.arpa"];

    private readonly Lock _lock = new();
    private IReadOnlySet<IPAddress> _own = new HashSet<IPAddress>();
    private DateTimeOffset _ownReadAt = DateTimeOffset.MinValue;

    /// <exception cref="BlockedAddressException">There are addresses, and none may be connected to.</exception>
    /// <exception cref="SocketException">The name does not resolve.</exception>
    /// <exception cref="TimeoutException">DNS takes too long.</exception>
    public async Task<IReadOnlyList<IPAddress>> VetAsync(string scheme, string host, CancellationToken cancellationToken)
    {
        // Without TLS nobody proves to be the one whose address this is.
        var mayBePublic = scheme == Uri.UriSchemeHttps && !IsInternalName(host);
        if (!mayBePublic && allowed.IsEmpty)
            throw new BlockedAddressException("The URL names something inside.");
        var found = IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? [literal] : await ResolveAsync(host, cancellationToken);
        var own = OwnAddresses();
        var vetted = found
            .Select(BlockedNetworks.Plain)
            .Where(address => allowed.Contain(address) || (mayBePublic && !BlockedNetworks.Contain(address) && !own.Contains(address)))
            .Distinct()
            .ToList();
        return vetted.Count > 0 ? vetted : throw new BlockedAddressException("The URL leads to an address that is not public.");
    }

    private async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = await resolve(host, cancellationToken).WaitAsync(ResolveWithin, clock, cancellationToken);
        return addresses.Length > 0 ? addresses : throw new SocketException((int)SocketError.HostNotFound);
    }

    // A trailing dot makes a name absolute, and some resolvers then skip what they would say of the name without it.
    private static bool IsInternalName(string host)
    {
        var name = host.TrimEnd('.');
        return host.EndsWith('.') || !name.Contains('.', StringComparison.Ordinal) && !name.Contains(':', StringComparison.Ordinal)
            || InternalNames.Any(label => name.Equals(label, StringComparison.OrdinalIgnoreCase) || name.EndsWith("." + label, StringComparison.OrdinalIgnoreCase));
    }

    private IReadOnlySet<IPAddress> OwnAddresses()
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            if (now - _ownReadAt >= OwnAddressesAreKept)
                (_own, _ownReadAt) = (BlockedNetworks.OwnAddresses(), now);
            return _own;
        }
    }
}
