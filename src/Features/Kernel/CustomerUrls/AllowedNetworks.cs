using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace KestrelVoice.Features.Kernel.CustomerUrls;

/// <summary>Networks that customers' URLs may lie in although they are not public: none, but for development and for those who host themselves.</summary>
internal sealed class AllowedNetworks(IReadOnlyList<IPNetwork> networks)
{
    private const string Section = "CustomerUrls:AllowedNetworks";
    private const string Confirmation = "CustomerUrls:AllowInProduction";

    public bool IsEmpty => networks.Count == 0;

    public static AllowedNetworks From(IConfiguration configuration, IHostEnvironment environment)
    {
        var networks = new List<IPNetwork>();
        foreach (var entry in configuration.GetSection(Section).GetChildren())
        {
            networks.Add(IPNetwork.TryParse(entry.Value, out var network)
                ? network
                : throw new InvalidOperationException($"{entry.Path} is not a network such as 10.1.0.0/16."));
        }
        if (networks.Count > 0 && environment.IsProduction() && !configuration.GetValue<bool>(Confirmation))
            throw new InvalidOperationException($"{Section} opens this network to customers' URLs. In production that needs {Confirmation}=true as well.");
        return new AllowedNetworks(networks);
    }

    /// <summary>Whether somebody decided that this address is fine. An address of a cloud's metadata service must be named alone.</summary>
    public bool Contain(IPAddress address) => networks.Any(network =>
        network.Contains(address) && (!BlockedNetworks.IsMetadata(address) || network.PrefixLength == address.GetAddressBytes().Length * 8));

    public override string ToString() => string.Join(", ", networks);
}
