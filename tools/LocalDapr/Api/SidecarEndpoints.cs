using System.Text;
using Grpc.Core;
using KestrelVoice.LocalDapr.Sidecars;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>Health, metadata and shutdown over HTTP.</summary>
internal static class SidecarEndpoints
{
    public static void MapSidecar(this IEndpointRouteBuilder routes, Sidecar sidecar)
    {
        routes.MapGet("/v1.0/healthz", context => HealthAsync(context, sidecar));
        routes.MapGet("/v1.0/healthz/outbound", NoContentAsync);
        routes.MapGet("/v1.0/metadata", context => MetadataAsync(context, sidecar));
        routes.MapPut("/v1.0/metadata/{key}", context => SetMetadataAsync(context, sidecar));
        routes.MapPost("/v1.0/shutdown", context =>
        {
            sidecar.RequestShutdown();
            return NoContentAsync(context);
        });
    }

    private static Task HealthAsync(HttpContext context, Sidecar sidecar)
    {
        var asked = context.Request.Query["appid"].ToString();
        if (asked.Length > 0 && asked != sidecar.App.AppId)
            throw new ApiException(500, StatusCode.Internal, "ERR_HEALTH_APPID_NOT_MATCH", "dapr app-id does not match");
        if (!sidecar.IsReady)
            throw new ApiException(500, StatusCode.Internal, "ERR_HEALTH_NOT_READY", "dapr is not ready: [app]");
        return NoContentAsync(context);
    }

    private static Task NoContentAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static async Task SetMetadataAsync(HttpContext context, Sidecar sidecar)
    {
        sidecar.Metadata.Set((string)context.Request.RouteValues["key"]!, Encoding.UTF8.GetString(await context.BodyAsync()));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task MetadataAsync(HttpContext context, Sidecar sidecar)
    {
        var app = sidecar.App;
        await context.Response.WriteAsJsonAsync(
            new
            {
                id = app.AppId,
                runtimeVersion = SidecarMetadata.RuntimeVersion,
                enabledFeatures = Array.Empty<string>(),
                components = sidecar.Metadata.Components.Select(component => new
                {
                    name = component.Name,
                    type = component.Type,
                    version = component.Version,
                    capabilities = SidecarMetadata.CapabilitiesOf(component),
                }),
                extended = sidecar.Metadata.Extended,
                subscriptions = sidecar.Metadata.Subscriptions.Select(subscription => new
                {
                    pubsubname = subscription.PubSub,
                    topic = subscription.Topic,
                    rules = SidecarMetadata.RoutesOf(subscription).Select(route => new { match = route.Match, path = route.Path }),
                    deadLetterTopic = subscription.DeadLetterTopic ?? "",
                    type = subscription.Declared ? "DECLARATIVE" : "PROGRAMMATIC",
                }),
                appConnectionProperties = new
                {
                    port = app.AppPort,
                    protocol = app.Protocol,
                    channelAddress = app.ChannelAddress,
                    maxConcurrency = Math.Max(0, app.MaxConcurrency),
                    health = app.Health is not { } health ? null : new
                    {
                        healthCheckPath = health.Path,
                        healthProbeInterval = $"{health.Interval.TotalSeconds}s",
                        healthProbeTimeout = $"{health.Timeout.TotalMilliseconds}ms",
                        healthThreshold = health.Threshold,
                    },
                },
                workflows = new { connectedWorkers = sidecar.ConnectedWorkers },
                actorRuntime = new { runtimeStatus = "DISABLED", hostReady = false },
            },
            context.RequestAborted);
    }
}
