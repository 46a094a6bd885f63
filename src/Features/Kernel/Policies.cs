using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Kernel;

/// <summary>Who may call a route. Every route names one of these, the sidecar's policy, or says that it is anonymous.</summary>
public static class Policies
{
    /// <summary>Anyone signed in who may read.</summary>
    public const string Read = "Read";

    /// <summary>Anyone signed in who may write.</summary>
    public const string Write = "Write";

    /// <summary>A person, not an API key.</summary>
    public const string Member = "Member";

    /// <summary>An owner or an admin in person: whoever hands out keys, lets people in, and sees who did what.</summary>
    public const string Manage = "Manage";

    /// <summary>Whoever sends a tenant's calls elsewhere: its owners and admins, and any key that may write, since integrations set themselves up.</summary>
    public const string Integrate = "Integrate";

    /// <summary>Whoever takes all calls along at once: owners and admins, and any key that may read.</summary>
    public const string Export = "Export";

    /// <summary>The app's own sidecar, by its token.</summary>
    public const string Sidecar = "Dapr";

    internal static void Add(AuthorizationOptions options)
    {
        options.AddPolicy(Read, policy => Require(policy, principal => principal.Scopes.Contains(Principal.Read)));
        options.AddPolicy(Write, policy => Require(policy, principal => principal.Scopes.Contains(Principal.Write)));
        options.AddPolicy(Member, policy => Require(policy, principal => principal.Kind == PrincipalKind.Member));
        options.AddPolicy(Manage, policy => Require(policy, principal => principal.Manages));
        options.AddPolicy(Integrate, policy => Require(
            policy, principal => principal.Manages || (principal.Kind == PrincipalKind.ApiKey && principal.Scopes.Contains(Principal.Write))));
        options.AddPolicy(Export, policy => Require(
            policy, principal => principal.Manages || (principal.Kind == PrincipalKind.ApiKey && principal.Scopes.Contains(Principal.Read))));
        options.AddDapr(Sidecar);
    }

    /// <summary>Refuses to start with a route that nobody decided about.</summary>
    public static void RequirePoliciesEverywhere(this IEndpointRouteBuilder app)
    {
        var undecided = app.DataSources
            .SelectMany(source => source.Endpoints)
            .Where(endpoint => endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null
                && !endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(data => data.Policy is not null))
            .Select(endpoint => endpoint.DisplayName)
            .ToList();
        if (undecided.Count > 0)
            throw new InvalidOperationException("Routes without an authorization policy: " + string.Join(", ", undecided));
    }

    private static void Require(AuthorizationPolicyBuilder policy, Predicate<Principal> may) => policy
        .RequireAuthenticatedUser()
        .RequireAssertion(context =>
            context.Resource is HttpContext http
            && http.RequestServices.GetRequiredService<CurrentPrincipal>().Value is { } principal
            && may(principal));
}
