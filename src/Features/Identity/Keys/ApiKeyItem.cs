using System.ComponentModel;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Identity.Keys;

/// <summary>An API key as it may be shown at any time.</summary>
internal record ApiKeyItem(
    string Id,
    string Name,
    [property: Description("live, or test: then it acts in the sandbox.")] Mode Mode,
    IReadOnlyList<string> Scopes,
    [property: Description("How the key begins.")] string Prefix,
    [property: Description("How the key ends.")] string Last4,
    DateTime CreatedAt,
    [property: Description("To the minute; null when it was never used.")] DateTime? LastUsedAt,
    DateTime? ExpiresAt,
    DateTime? RevokedAt);
