using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace KestrelVoice.Features.Identity.Credentials;

/// <summary>A cookie travels by itself, so a write that rests on one must show that our own pages, or listed ones, asked for it.</summary>
internal sealed class CrossSiteRule(PublicUrl publicUrl, IConfiguration configuration)
{
    private readonly HashSet<string> _origins = new(
        [new Uri(publicUrl.Base).GetLeftPart(UriPartial.Authority), .. configuration.GetSection("Cors:Origins").Get<string[]>() ?? []],
        StringComparer.OrdinalIgnoreCase);

    internal static bool IsUnsafe(string method) =>
        !(HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsTrace(method));

    /// <summary>For API routes: also refuses bodies that a plain form could send.</summary>
    internal bool AllowsWrite(HttpRequest request) => ComesFromOurPages(request) && (!HasBody(request) || IsJson(request.ContentType));

    /// <summary>For our own forms. A program that says nothing of where it is may sign in, but not act on a session that is already there.</summary>
    internal bool AllowsForm(HttpRequest request, bool hasSession) =>
        ComesFromOurPages(request) || (!hasSession && !request.Headers.ContainsKey("Sec-Fetch-Site") && OriginOf(request) is null);

    private bool ComesFromOurPages(HttpRequest request)
    {
        var origin = OriginOf(request);
        // Browsers write this header themselves and no script can; older ones leave it out.
        return request.Headers["Sec-Fetch-Site"].ToString() switch
        {
            "same-origin" or "none" => true,
            "same-site" => origin is not null && _origins.Contains(origin),
            "" => origin is not null && (_origins.Contains(origin) || IsOwn(origin, request)),
            _ => false,
        };
    }

    private static string? OriginOf(HttpRequest request)
    {
        if (request.Headers.Origin is { Count: > 0 } origin)
            return origin.ToString();
        return Uri.TryCreate(request.Headers.Referer.ToString(), UriKind.Absolute, out var referer)
            ? referer.GetLeftPart(UriPartial.Authority)
            : null;
    }

    private static bool IsOwn(string origin, HttpRequest request) =>
        string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);

    private static bool HasBody(HttpRequest request) =>
        request.ContentLength is > 0 || request.Headers.TransferEncoding.Count > 0 || !string.IsNullOrEmpty(request.ContentType);

    private static bool IsJson(string? contentType) =>
        contentType?.Split(';')[0].Trim() is { } type
        && (type.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.EndsWith("+json", StringComparison.OrdinalIgnoreCase));
}
