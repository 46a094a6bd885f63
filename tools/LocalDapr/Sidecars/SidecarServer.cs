using System.Text;
using KestrelVoice.LocalDapr.Api;
using KestrelVoice.LocalDapr.Workflows;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.LocalDapr.Sidecars;

/// <summary>The two servers of a sidecar in one: HTTP/1.1 on one port, gRPC on the other.</summary>
internal static class SidecarServer
{
    // Go's server allows itself this much beyond the configured header size.
    private const int HeaderSlack = 4096;

    // It sets no bound either, and every wait for a workflow is a stream of its own.
    private const int StreamsPerConnection = 100_000;

    public static WebApplication Build(Sidecar sidecar, Listeners listeners, string? token, ILoggerFactory loggers)
    {
        // Empty, so that neither an appsettings.json nor ASPNETCORE_URLS of this process leaks into a sidecar.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.WebHost.ConfigureKestrel(options => Configure(options, sidecar, listeners));
        builder.Services.Configure<SocketTransportOptions>(options => options.CreateBoundListenSocket = listeners.Take);
        builder.Services.Replace(ServiceDescriptor.Singleton<ILoggerFactory>(new Borrowed(loggers)));
        builder.Services.AddRouting();
        builder.Services.AddSingleton(sidecar);
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = sidecar.App.MaxBodySize;
            options.Interceptors.Add<GrpcRefusals>();
        });

        var server = builder.Build();
        var logger = loggers.CreateLogger<Sidecar>();
        server.Use((context, next) => Wire.RefuseFailuresAsync(context, next, logger));
        if (!string.IsNullOrEmpty(token))
        {
            var secret = Encoding.UTF8.GetBytes(token);
            server.Use((context, next) => Wire.RequireTokenAsync(context, next, secret));
        }
        server.UseRouting();
        server.MapGrpcService<DaprGrpcService>();
        server.MapGrpcService<TaskHubService>();
        server.MapPubSub(sidecar);
        server.MapState(sidecar);
        server.MapSidecar(sidecar);
        server.MapWorkflows(sidecar);
        server.MapInvoke(sidecar);
        server.UseEndpoints(_ => { });
        return server;
    }

    private static void Configure(KestrelServerOptions options, Sidecar sidecar, Listeners listeners)
    {
        options.AddServerHeader = false;
        options.Limits.MaxRequestBodySize = sidecar.App.MaxBodySize;
        options.Limits.MaxRequestHeadersTotalSize = sidecar.App.ReadBufferSize + HeaderSlack;
        options.Limits.Http2.MaxStreamsPerConnection = StreamsPerConnection;
        options.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(10);
        options.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(5);
        foreach (var endPoint in listeners.EndPoints)
            options.Listen(endPoint, listen => listen.Protocols = endPoint.Port == sidecar.GrpcPort ? HttpProtocols.Http2 : HttpProtocols.Http1);
    }

    // The container disposes what it holds, and the factory is the sidecar's.
    private sealed class Borrowed(ILoggerFactory loggers) : ILoggerFactory
    {
        public void AddProvider(ILoggerProvider provider) => loggers.AddProvider(provider);

        public ILogger CreateLogger(string categoryName) => loggers.CreateLogger(categoryName);

        public void Dispose()
        {
        }
    }
}
