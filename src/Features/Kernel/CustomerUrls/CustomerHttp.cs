using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Kernel.CustomerUrls;

/// <summary>The one way to a URL that a customer gave us. It goes to vetted addresses only, whatever the name says the next moment.</summary>
internal static class CustomerHttp
{
    public const string ClientName = "customer-urls";

    /// <summary>The same with a connection for each request, for requests that must not be lost with one that the server has left.</summary>
    /// <remarks>
    /// A server that speaks HTTP/1.0, such as Radicale, closes without announcing it. The pool keeps such a connection nevertheless,
    /// and a request with a body that is sent into it fails and is not repeated.
    /// </remarks>
    public const string UnpooledClientName = "customer-urls-unpooled";

    /// <summary>For DNS, the connection and TLS together.</summary>
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(5);

    // DNS answers change, and a connection that was vetted once must not live on for ever.
    private static readonly TimeSpan ConnectionsLive = TimeSpan.FromMinutes(2);

    public static IServiceCollection AddCustomerUrls(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<ResolveName>(_ => Dns.GetHostAddressesAsync);
        services.AddSingleton(provider => AllowedNetworks.From(configuration, provider.GetRequiredService<IHostEnvironment>()));
        services.AddSingleton<CustomerAddresses>().AddSingleton<CustomerUrlRules>().AddHostedService<AllowedNetworksWarning>();
        return services.AddClient(ClientName, ConnectionsLive).AddClient(UnpooledClientName, TimeSpan.Zero);
    }

    private static IServiceCollection AddClient(this IServiceCollection services, string name, TimeSpan connectionsLive)
    {
        services.AddHttpClient(name, client =>
            {
                // Whoever sends decides how long all of it may take.
                client.Timeout = Timeout.InfiniteTimeSpan;
                client.DefaultRequestHeaders.UserAgent.ParseAdd("KestrelVoice/1.0 (+https://kestrelvoice.dev)");
            })
            // The factory would log the URLs, and those of Zapier and others are secrets.
            .RemoveAllLoggers()
            .SetHandlerLifetime(Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(provider => Handler(provider.GetRequiredService<CustomerAddresses>(), connectionsLive));
        return services;
    }

    private static SocketsHttpHandler Handler(CustomerAddresses addresses, TimeSpan connectionsLive) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        // Our trace ids are nobody's business.
        ActivityHeadersPropagator = null,
        ConnectTimeout = ConnectWithin,
        PooledConnectionLifetime = connectionsLive,
        MaxResponseHeadersLength = 32,
        MaxResponseDrainSize = 0,
        ConnectCallback = async (context, cancellationToken) =>
        {
            var scheme = context.InitialRequestMessage.RequestUri!.Scheme;
            var vetted = await addresses.VetAsync(scheme, context.DnsEndPoint.Host, cancellationToken);
            return await ConnectAsync(vetted, context.DnsEndPoint.Port, cancellationToken);
        },
    };

    private static async ValueTask<Stream> ConnectAsync(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        for (var index = 0; ; index++)
        {
            var socket = new Socket(addresses[index].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(addresses[index], port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (index < addresses.Count - 1)
            {
                socket.Dispose();
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}

/// <summary>Says at the start what an operator should not have left on.</summary>
internal sealed partial class AllowedNetworksWarning(AllowedNetworks allowed, ILogger<AllowedNetworksWarning> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (!allowed.IsEmpty)
            LogAllowed(logger, allowed.ToString());
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Customers' URLs may lead into these networks: {Networks}. Right for development only")]
    private static partial void LogAllowed(ILogger logger, string networks);
}
