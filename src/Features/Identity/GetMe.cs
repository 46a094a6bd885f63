using System.ComponentModel;
using Carter;
using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.RateLimits;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity;

internal static class GetMe
{
    public sealed record Query : IRequest<Response>;

    internal sealed record Response(
        PrincipalKind Kind,
        [property: Description("The member's user id, or the API key's key_… id.")] string Id,
        string? Email,
        string? Role,
        [property: Description("What the API key is called; null for a member.")] string? KeyName,
        IReadOnlyList<string> Scopes,
        [property: Description("test with a test key: tenant is then the sandbox, out of which nothing reaches.")] Mode Mode,
        TenantOfRequest Tenant,
        Quota Quota,
        [property: Description("Every tenant of a member, oldest membership first; X-Tenant-Id names the one to act in. Null for a key.")]
        IReadOnlyList<TenantOfMember>? Tenants);

    internal sealed record TenantOfRequest(string Id, string Name, string Plan, string TimeZone);

    internal sealed record Quota(
        [property: Description("How many the plan includes.")] int RequestsPerMinute,
        [property: Description("How many of them are left in this minute.")] int Remaining,
        [property: Description("Seconds until all of them are there again.")] int ResetsIn);

    internal sealed record TenantOfMember(string Id, string Name, string Role);

    internal sealed class Handler(TenantDatabase database, TenantQuotas quotas, Principal principal) : IRequestHandler<Query, Response>
    {
        private const string Find =
            """
            select id, business_name, time_zone, name_of_api_key(@PrincipalId) as key_name
            from tenants
            where id = @TenantId;
            select tenant_id, tenant_name, role, plan from memberships_of(@PrincipalId)
            """;

        private sealed record TenantRow(Guid Id, string BusinessName, string TimeZone, string? KeyName);

        public Task<Response> Handle(Query query, CancellationToken cancellationToken) =>
            database.ReadAsync(principal.TenantId, Find, new { PrincipalId = principal.Id }, ReadAsync, cancellationToken);

        private async Task<Response> ReadAsync(SqlMapper.GridReader results)
        {
            var tenant = await results.ReadSingleAsync<TenantRow>();
            var allowance = quotas.Look(principal.TenantId, principal.Plan);
            var isMember = principal.Kind is PrincipalKind.Member;
            return new Response(
                principal.Kind,
                isMember ? principal.Id.ToString() : TypeId.Format(TypeId.ApiKey, principal.Id),
                principal.Email, principal.Role, tenant.KeyName, principal.Scopes, principal.Mode,
                new TenantOfRequest(TypeId.Format(TypeId.Tenant, tenant.Id), tenant.BusinessName, principal.Plan.Name(), tenant.TimeZone),
                new Quota(allowance.Quota, allowance.Remaining, allowance.Seconds),
                isMember ? [.. (await results.ReadAsync<Credentials.Membership>()).Select(membership => new TenantOfMember(
                    TypeId.Format(TypeId.Tenant, membership.TenantId), membership.TenantName, membership.Role))] : null);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/me", Handle)
            .WithName(nameof(GetMe)).WithTags("Me").WithSummary("Who this credential is, and for which tenant it acts")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Ok<Response>> Handle(IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(new Query(), cancellationToken));
}
