using Microsoft.Extensions.Configuration;

namespace KestrelVoice.Features.Kernel;

/// <summary>Where clients reach this API. Links are made of this, never of a request's Host header.</summary>
public sealed record PublicUrl(string Base)
{
    internal static PublicUrl From(IConfiguration configuration)
    {
        var configured = configuration["Auth:PublicUrl"] ?? "http://localhost:5080";
        return Uri.TryCreate(configured, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? new PublicUrl(configured.TrimEnd('/'))
            : throw new InvalidOperationException("Auth:PublicUrl is not an absolute http or https URL.");
    }
}
