using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Tests.Routes;

/// <summary>A route of the running host.</summary>
internal sealed record HostRoute(string Method, string Template, IReadOnlyList<string> PathParameters, IReadOnlyList<string> QueryParameters)
{
    public bool Writes => Method is not ("GET" or "HEAD");

    public override string ToString() => $"{Method} {Template}";

    public string Fill(Func<string, string> value) => PathParameters.Aggregate(
        Template, (path, parameter) => path.Replace($"{{{parameter}}}", Uri.EscapeDataString(value(parameter)), StringComparison.Ordinal));
}

/// <summary>All routes as mapped, so that a new one is tested without being named.</summary>
internal static class RouteTable
{
    public static IReadOnlyList<HostRoute> Of(KestrelVoiceApp app) =>
    [
        .. app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().SelectMany(endpoint =>
            (endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]).Select(method => new HostRoute(
                method,
                "/" + endpoint.RoutePattern.RawText!.TrimStart('/'),
                [.. endpoint.RoutePattern.Parameters.Select(parameter => parameter.Name)],
                endpoint.Metadata.GetMetadata<QueryParameters>()?.Names ?? []))),
    ];

    public static IReadOnlyList<HostRoute> Under(KestrelVoiceApp app, params string[] prefixes) =>
        [.. Of(app).Where(route => prefixes.Any(prefix => route.Template.StartsWith(prefix, StringComparison.Ordinal)))];
}
