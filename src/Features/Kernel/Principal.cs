namespace KestrelVoice.Features.Kernel;

/// <summary>Who a request acts as, once signed in: resolved from the credential, never from body or path.</summary>
/// <param name="TenantId">The tenant it acts for.</param>
/// <param name="Kind">What signed in.</param>
/// <param name="Id">The member's user id, or the API key's id.</param>
/// <param name="Email">The member's address; null for a key.</param>
/// <param name="Role">The member's role; null for a key.</param>
/// <param name="Scopes">What it may do: <see cref="Read"/>, <see cref="Write"/>.</param>
/// <param name="Plan">What the tenant has bought.</param>
/// <param name="Mode">Whether what it does is meant.</param>
public sealed record Principal(
    Guid TenantId, PrincipalKind Kind, Guid Id, string? Email, string? Role, IReadOnlyList<string> Scopes, Plan Plan, Mode Mode = Mode.Live)
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

/// <summary>Whether what is done is meant, or only tried: in a sandbox, out of which nothing reaches.</summary>
public enum Mode
{
    Live,
    Test,
}

/// <summary>A mode as the database and the API name it.</summary>
internal static class ModeNames
{
    internal const string Live = "live";
    internal const string Test = "test";

    internal static string Name(this Mode mode) => mode is Mode.Test ? Test : Live;

    internal static Mode Read(string name) => name switch
    {
        Live => Mode.Live,
        Test => Mode.Test,
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}

/// <summary>Where authentication puts the principal of a request; slices take <see cref="Principal"/> itself by injection.</summary>
public sealed class CurrentPrincipal
{
    public Principal? Value { get; set; }
}
