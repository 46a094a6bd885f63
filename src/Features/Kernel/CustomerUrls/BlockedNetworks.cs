using System.Net;
using System.Net.NetworkInformation;

namespace KestrelVoice.Features.Kernel.CustomerUrls;

/// <summary>Where nothing of a customer's can be: every range that IANA lists as not globally reachable, and every IPv6 form that hides an IPv4 address.</summary>
internal static class BlockedNetworks
{
    private static readonly IPNetwork[] Ranges =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            // ::/96 holds unspecified, loopback and IPv4-compatible addresses; mapped ones are unwrapped before they are looked at.
            "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
            "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(range => IPNetwork.Parse(range)),
    ];

    // Where clouds hand out credentials. A range that somebody allows for another reason must not let these in.
    private static readonly IPAddress[] Metadata =
        [.. new[] { "169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "fd00:ec2::254", "fd00:ec2::23" }.Select(IPAddress.Parse)];

    public static bool Contain(IPAddress address) => Ranges.Any(range => range.Contains(address));

    public static bool IsMetadata(IPAddress address) => Metadata.Contains(address);

    /// <summary>Addresses of this machine, public ones among them: a request to ourselves comes from inside.</summary>
    public static IReadOnlySet<IPAddress> OwnAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(unicast => Plain(unicast.Address))
        .ToHashSet();

    /// <summary>IPv4 where it is IPv4, and without a scope.</summary>
    public static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : new IPAddress(address.GetAddressBytes());
}
