namespace KestrelVoice.Features.Kernel;

/// <summary>Who a request acts as, once signed in: resolved from the credential, never from body or path.</summary>
/// <param name="TenantId">The tenant it acts for.</param>
/// <param name="Kind">What signed in.</param>
/// <param name="Id">The member's user id, or the API key's id.</param>
/// <param name="Email">The member's address; null for a key.</param>
/// <param name="Role">The member's role; null for a key.</param>
/// <param name="Scopes">What it may do: <see cref="Read"/>, <see cref="Write"/>.</param>
/// <param name="Plan">What the tenant has bought.</param>
public sealed record Principal(
    Guid TenantId, PrincipalKind Kind, Guid Id, string? Email, string? Role, IReadOnlyList<string> Scopes, Plan Plan)
{
    public const string Read = "read";
    public const string Write = "write";

    internal bool Manages => Kind == PrincipalKind.Member && Role is Roles.Owner or Roles.Admin;
}

public enum PrincipalKind
{
    Member,
    ApiKey,
}

/// <summary>Where authentication puts the principal of a request; slices take <see cref="Principal"/> itself by injection.</summary>
public sealed class CurrentPrincipal
{
    public Principal? Value { get; set; }
}
