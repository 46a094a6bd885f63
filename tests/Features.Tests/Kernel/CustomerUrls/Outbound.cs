using System.Net;
using KestrelVoice.Features.Kernel.CustomerUrls;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;

namespace KestrelVoice.Features.Tests.Kernel.CustomerUrls;

/// <summary>The client for customers' URLs as the host makes it, with the networks and, where a test must, the DNS answers given.</summary>
internal sealed class Outbound : IDisposable
{
    private readonly ServiceProvider services;

    public Outbound(string[]? allowed = null, ResolveName? resolve = null, string environment = "Development", bool inProduction = false)
    {
        var settings = (allowed ?? []).Select((network, index) => KeyValuePair.Create<string, string?>($"CustomerUrls:AllowedNetworks:{index}", network))
            .Append(new("CustomerUrls:AllowInProduction", inProduction.ToString()));
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(settings).Build();
        var collection = new ServiceCollection()
            .AddLogging()
            .AddSingleton(TimeProvider.System)
            .AddSingleton<IHostEnvironment>(new Environment(environment))
            .AddCustomerUrls(configuration);
        if (resolve is not null)
            collection.AddSingleton(resolve);
        services = collection.BuildServiceProvider();
    }

    public CustomerUrlRules Rules => services.GetRequiredService<CustomerUrlRules>();

    public CustomerAddresses Addresses => services.GetRequiredService<CustomerAddresses>();

    public IHttpClientFactory Clients => services.GetRequiredService<IHttpClientFactory>();

    public HttpClient Client => Clients.CreateClient(CustomerHttp.ClientName);

    public static ResolveName Answering(params string[] addresses) => (_, _) => Task.FromResult(addresses.Select(IPAddress.Parse).ToArray());

    public void Dispose() => services.Dispose();

    private sealed class Environment(string name) : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = name;
        public string ApplicationName { get; set; } = "tests";
        public string ContentRootPath { get; set; } = "/";
        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }
}
