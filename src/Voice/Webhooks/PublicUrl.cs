using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>How Twilio sees us: the URL it signed, and the one it is to call next.</summary>
internal sealed class PublicUrl(IOptions<VoiceOptions> options)
{
    private readonly string? _configured = string.IsNullOrEmpty(options.Value.PublicBaseUrl) ? null : options.Value.PublicBaseUrl.TrimEnd('/');

    /// <summary>Without a trailing slash.</summary>
    public string BaseOf(HttpRequest request) => _configured ?? $"{request.Scheme}://{request.Host.Value}{request.PathBase.ToUriComponent()}";

    /// <summary>From the raw target: decoding and encoding again would change characters that are signed.</summary>
    public string RequestedOf(HttpRequest request)
    {
        var target = request.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        if (!target.StartsWith('/'))
            target = PathOfAbsoluteForm(target);
        return (_configured ?? $"{request.Scheme}://{request.Host.Value}") + target;
    }

    private static string PathOfAbsoluteForm(string target)
    {
        var authority = target.IndexOf("://", StringComparison.Ordinal);
        var path = authority < 0 ? -1 : target.IndexOf('/', authority + 3);
        return path < 0 ? "/" : target[path..];
    }
}
