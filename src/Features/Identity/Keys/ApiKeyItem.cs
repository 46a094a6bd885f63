using System.ComponentModel;

namespace KestrelVoice.Features.Identity.Keys;

/// <summary>An API key as it may be shown at any time.</summary>
internal record ApiKeyItem(
    string Id,
    string Name,
    IReadOnlyList<string> Scopes,
    [property: Description("How the key begins.")] string Prefix,
    [property: Description("How the key ends.")] string Last4,
    DateTime CreatedAt,
    [property: Description("To the minute; null when it was never used.")] DateTime? LastUsedAt,
    DateTime? ExpiresAt,
    DateTime? RevokedAt);

/// <summary>Keys open the tenant's doors, so only its owners and admins hand them out.</summary>
internal static class KeyManagers
{
    internal const string Refusal = "Only owners and admins manage API keys.";

    internal static bool Include(Kernel.Principal principal) => principal.Role is "owner" or "admin";
}
