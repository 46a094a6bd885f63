using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity.Keys;

internal static class RevokeApiKey
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Revoked : Outcome;
        internal sealed record NotFound : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(id => TypeId.TryParse(TypeId.ApiKey, id, out _))
            .WithMessage("id is key_ and 26 characters, or a UUID.");
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, ApiKeys apiKeys, AuditLog audit, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Revoke =
            """
            update api_keys set revoked_at = coalesce(revoked_at, @Now)
            where tenant_id = @TenantId and id = @Id
            returning lookup_id
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            TypeId.TryParse(TypeId.ApiKey, command.Id, out var id);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            var lookupId = await transaction.QuerySingleOrDefaultAsync<string>(
                Revoke, new { Id = id, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
            if (lookupId is null)
                return new Outcome.NotFound();
            await audit.AddAsync(transaction, AuditActions.KeyRevoked, TypeId.Format(TypeId.ApiKey, id), detail: null, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            apiKeys.Forget(lookupId);
            return new Outcome.Revoked();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapDelete("/api/api-keys/{id}", Handle)
            .WithName(nameof(RevokeApiKey)).WithTags("API keys").WithSummary("Revoke an API key, for good and at once")
            .RequireAuthorization(Policies.Manage);
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        [Description("key_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Revoked => TypedResults.NoContent(),
            Outcome.NotFound => Problems.NotFound("There is no such API key."),
            _ => throw new UnreachableException(),
        };
}
