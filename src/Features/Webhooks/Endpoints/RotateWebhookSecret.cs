using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Webhooks.Endpoints;

internal static class RotateWebhookSecret
{
    // Each signs every delivery, so the header grows with them.
    private const int MostSecrets = 10;
    private const int LongestOverlap = 7 * 24 * 3600;
    private const int DefaultOverlap = 24 * 3600;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Rotation(
        [property: Description("For how long former secrets sign along, 0 to 604800; a day when absent.")] int? ExpireOldAfterSeconds = null,
        [property: Description("As when creating; made by us when absent.")] string? Secret = null);

    public sealed record Command(string Id, int? ExpireOldAfterSeconds, string? Secret) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Rotated(Response Secret) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record NotFound : Outcome;
        internal sealed record TooMany : Outcome;
    }

    internal sealed record Response(
        string Id,
        [property: Description("Signs every delivery from now on. Shown this once.")] string Secret,
        [property: Description("Until then former secrets sign along, so that either verifies.")] DateTime OldSecretEndsAt);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Id).Must(EndpointId.IsEndpoint).WithMessage(EndpointId.Rule);
            RuleFor(command => command.ExpireOldAfterSeconds).Must(seconds => seconds is null or >= 0 and <= LongestOverlap)
                .WithMessage("expire_old_after_seconds is a whole number from 0 to 604800 (seven days).");
            RuleFor(command => command.Secret).Must(secret => secret is null || SecretText.TryRead(secret, out _)).WithMessage(SecretText.Rule);
        }
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, WebhookSecrets secrets, AuditLog audit, IdempotentRequest request, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        // Two rotations at once take turns, so that one secret is in force after both.
        private const string Lock =
            "select id from webhook_endpoints where tenant_id = @TenantId and id = @EndpointId and kind = 'endpoint' for update";

        // No former secret outlives what is asked for now: that is how a leaked one is got rid of.
        private const string Expire =
            """
            update webhook_secrets set expires_at = @Ends
            where tenant_id = @TenantId and endpoint_id = @EndpointId and (expires_at is null or expires_at > @Ends);
            delete from webhook_secrets where tenant_id = @TenantId and endpoint_id = @EndpointId and expires_at <= @Now
            """;

        private const string Insert =
            """
            insert into webhook_secrets (tenant_id, id, endpoint_id, sealed, created_at)
            select @TenantId, @Id, @EndpointId, @Sealed, @Now
            where (select count(*) from webhook_secrets where tenant_id = @TenantId and endpoint_id = @EndpointId) < @MostSecrets
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!WebhookManagers.Include(principal))
                return new Outcome.NotAllowed();

            var endpointId = TypeId.Parse(TypeId.WebhookEndpoint, command.Id);
            var at = clock.GetUtcNow();
            var (now, ends) = (at.UtcDateTime, at.UtcDateTime.AddSeconds(command.ExpireOldAfterSeconds ?? DefaultOverlap));
            var id = Guid.CreateVersion7(at);
            var key = SecretText.KeyOf(command.Secret);

            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            if (await transaction.QuerySingleOrDefaultAsync<Guid?>(Lock, new { EndpointId = endpointId }, cancellationToken) is null)
                return new Outcome.NotFound();
            await transaction.ExecuteAsync(Expire, new { EndpointId = endpointId, Ends = ends, Now = now }, cancellationToken);
            var inserted = await transaction.ExecuteAsync(
                Insert, new { Id = id, EndpointId = endpointId, Sealed = secrets.SealKey(principal.TenantId, id, key), Now = now, MostSecrets }, cancellationToken);
            if (inserted == 0)
                return new Outcome.TooMany();
            await audit.AddAsync(
                transaction, AuditActions.WebhookSecretRotated, TypeId.Format(TypeId.WebhookEndpoint, endpointId), detail: null, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Rotated(new Response(TypeId.Format(TypeId.WebhookEndpoint, endpointId), SecretText.Of(key), ends));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/webhooks/{id}/rotate-secret", Handle)
            .WithName(nameof(RotateWebhookSecret)).WithTags("Webhooks").WithSummary("Replace the secret; both sign while the old one lasts")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        [Description("we_… or the bare UUID.")] string id, Rotation? rotation, HttpContext context, IMediator mediator, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return await mediator.Send(new Command(id, rotation?.ExpireOldAfterSeconds, rotation?.Secret), cancellationToken) switch
        {
            Outcome.Rotated(var secret) => TypedResults.Ok(secret),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.NotFound => WebhookManagers.NotFound(),
            Outcome.TooMany => Problems.Conflict($"{MostSecrets} secrets sign already; wait until one has ended, or end them with expire_old_after_seconds 0."),
            _ => throw new UnreachableException(),
        };
    }
}
