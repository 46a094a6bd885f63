using System.Text;
using Grpc.Core;
using KestrelVoice.LocalDapr.Sidecars;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>The three ways to name the app that is called: in the path, in a header, in a user name.</summary>
internal static class InvokeEndpoints
{
    public const string AppIdHeader = "dapr-app-id";

    public static void MapInvoke(this IEndpointRouteBuilder routes, Sidecar sidecar)
    {
        routes.Map("/v1.0/invoke/{appId}/method/{**method}", context => ByPathAsync(context, sidecar));
        routes.MapFallback("{**path}", context => ByHeaderAsync(context, sidecar));
    }

    private static Task ByPathAsync(HttpContext context, Sidecar sidecar)
    {
        const string Marker = "/method/";
        var target = RawTarget(context);
        var start = target.IndexOf(Marker, StringComparison.OrdinalIgnoreCase);
        var method = start < 0 ? "" : target[(start + Marker.Length)..];
        return sidecar.Invoker.InvokeAsync(context, (string)context.Request.RouteValues["appId"]!, method);
    }

    private static Task ByHeaderAsync(HttpContext context, Sidecar sidecar)
    {
        var appId = context.Request.Headers[AppIdHeader].ToString();
        if (appId.Length == 0)
            appId = FromUserName(context) ?? "";
        if (appId.Length == 0)
        {
            throw new ApiException(404, StatusCode.NotFound, "ERR_DIRECT_INVOKE", "failed getting app id either from the URL path or the header dapr-app-id");
        }
        return sidecar.Invoker.InvokeAsync(context, appId, RawTarget(context).TrimStart('/'));
    }

    private static string? FromUserName(HttpContext context)
    {
        const string Scheme = "Basic ";
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        var bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[Scheme.Length..].Trim(), bytes, out var length))
            return null;
        return Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is [AppIdHeader, var appId] ? appId : null;
    }

    // As it came, still encoded: the app that is called decodes it, and must see what the caller wrote.
    private static string RawTarget(HttpContext context) => context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
}
