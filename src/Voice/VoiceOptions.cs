using System.ComponentModel.DataAnnotations;
using System.Net;

namespace KestrelVoice.Voice;

internal sealed class VoiceOptions : IValidatableObject
{
    public const string Section = "Voice";

    /// <summary>What Twilio is told, and signs: scheme, host, port and path prefix. Without it the request's own.</summary>
    public string? PublicBaseUrl { get; init; }

    /// <summary>Proxies, as addresses or networks, whose forwarded scheme and host are believed.</summary>
    public IReadOnlyList<string> KnownProxies { get; init; } = [];

    /// <summary>Where events wait while the sidecar does not take them.</summary>
    public string SpoolPath { get; init; } = Path.Combine(".kestrel", "spool");

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!string.IsNullOrEmpty(PublicBaseUrl) && !IsBaseUrl(PublicBaseUrl))
            yield return new ValidationResult("Voice:PublicBaseUrl must be an absolute http or https URL without query and fragment.", [nameof(PublicBaseUrl)]);
        if (KnownProxies.FirstOrDefault(proxy => !IPAddress.TryParse(proxy, out _) && !IPNetwork.TryParse(proxy, out _)) is { } unreadable)
            yield return new ValidationResult($"Voice:KnownProxies holds '{unreadable}', which is neither an address nor a network.", [nameof(KnownProxies)]);
        if (string.IsNullOrWhiteSpace(SpoolPath))
            yield return new ValidationResult("Voice:SpoolPath must name a folder.", [nameof(SpoolPath)]);
    }

    private static bool IsBaseUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && text.AsSpan().IndexOfAny('?', '#') < 0;
}
