using System.ComponentModel;

namespace KestrelVoice.Features.Identity.Members;

/// <summary>A person who may sign in to the tenant.</summary>
internal sealed record MemberItem(
    [property: Description("The user id, as in the sub claim of their tokens.")] string Id,
    [property: Description("Null when it is known to the Supabase project only.")] string? Email,
    [property: Description("owner, admin, member or viewer.")] string Role,
    DateTime CreatedAt);
