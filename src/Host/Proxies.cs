using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace KestrelVoice.Host;

/// <summary>Whose word is taken for the address that a request came from: setting <c>KnownProxies</c>, addresses or networks; by default nobody's.</summary>
internal static class Proxies
{
    public static void AddProxies(this IServiceCollection services, IConfiguration configuration)
    {
        var known = configuration.GetSection("KnownProxies").Get<string[]>() ?? [];
        services.Configure<ForwardedHeadersOptions>(headers =>
        {
            headers.KnownProxies.Clear();
            headers.KnownIPNetworks.Clear();
            foreach (var proxy in known)
                headers.KnownIPNetworks.Add(Read(proxy));
            // As long a chain as there are known proxies in it; the first unknown one ends it.
            headers.ForwardLimit = null;
            headers.ForwardedHeaders = known.Length > 0 ? ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto : ForwardedHeaders.None;
        });
    }

    private static IPNetwork Read(string proxy) =>
        IPNetwork.TryParse(proxy, out var network) ? network
        : IPAddress.TryParse(proxy, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
        : throw new InvalidOperationException($"KnownProxies holds '{proxy}', which is neither an address nor a network.");
}
