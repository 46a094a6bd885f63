using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace KestrelVoice.Features.Identity.Members;

/// <summary>Who decides about whom: owners about everybody, admins about everybody but owners, and one owner stays.</summary>
internal static class MemberRules
{
    /// <summary>One change at a time in a tenant, so that the last two owners cannot remove each other.</summary>
    internal const string OneAtATime = "select pg_advisory_xact_lock(hashtextextended('members:' || @TenantId::text, 0))";

    internal const string FindRole = "select role from members where tenant_id = @TenantId and user_id = @UserId";

    internal const string CountOwners = "select count(*) from members where tenant_id = @TenantId and role = 'owner'";

    internal static bool MayDecideAbout(this Principal principal, string role) => role is not Roles.Owner || principal.Role is Roles.Owner;

    internal static bool IsRole(string? role) => role is not null && Roles.All.Contains(role);

    internal static readonly string RoleMessage = $"role is one of {string.Join(", ", Roles.All)}.";

    internal static ProblemHttpResult OwnersOnly() =>
        Problems.Of(StatusCodes.Status403Forbidden, Problems.Forbidden, "Only owners decide who is an owner.");

    internal static ProblemHttpResult LastOwner() => Problems.Conflict("Every tenant has an owner; name another one first.");

    internal static ProblemHttpResult NotFound() => Problems.NotFound("There is no such member.");
}
