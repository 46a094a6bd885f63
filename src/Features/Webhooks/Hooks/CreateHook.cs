using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.CustomerUrls;
using KestrelVoice.Features.Kernel.Idempotency;
using KestrelVoice.Features.Webhooks.Endpoints;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Webhooks.Hooks;

internal static class CreateHook
{
    private const int MostHooks = 100;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("One type of event.")] string Event,
        [property: Description("Where it is posted: https, on a public address.")] string TargetUrl) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Created(HookItem Hook) : Outcome;
        internal sealed record Existing(HookItem Hook) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record BadUrl(string Reason) : Outcome;
        internal sealed record TooMany : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Event).Must(TenantEventTypes.All.Contains)
            .WithMessage($"event is one of {string.Join(", ", TenantEventTypes.All)}.");
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, CustomerUrlRules urls, WebhookSecrets secrets, IdempotentRequest request, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Lock = "select pg_advisory_xact_lock(hashtextextended('webhook_hooks:' || @TenantId::text, 0))";

        private const string Find =
            $"""
            select {HookRow.Columns}
            from webhook_endpoints
            where tenant_id = @TenantId and created_by = @CreatedBy and url = @TargetUrl and events[1] = @Event and kind = 'hook'
            """;

        private const string Insert =
            $"""
            insert into webhook_endpoints (tenant_id, id, kind, url, description, events, header_names, rate_limit, status,
                created_by, created_at, updated_at)
            select @TenantId, @Id, 'hook', @TargetUrl, '', array[@Event], array[]::text[], @RateLimit, 'active', @CreatedBy, @Now, @Now
            where (select count(*) from webhook_endpoints where tenant_id = @TenantId and kind = 'hook') < @MostHooks
            returning {HookRow.Columns}
            """;

        private const string InsertSecret =
            """
            insert into webhook_secrets (tenant_id, id, endpoint_id, sealed, created_at)
            values (@TenantId, @Id, @EndpointId, @Sealed, @Now)
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!WebhookManagers.Include(principal))
                return new Outcome.NotAllowed();
            if (await urls.CheckAsync(command.TargetUrl, cancellationToken) is { } reason)
                return new Outcome.BadUrl(reason);

            var at = clock.GetUtcNow();
            var (id, secretId) = (Guid.CreateVersion7(at), Guid.CreateVersion7(at));
            var hook = new
            {
                Id = id,
                command.TargetUrl,
                command.Event,
                RateLimit = EndpointRules.DefaultRateLimit,
                CreatedBy = principal.Id,
                Now = at.UtcDateTime,
                MostHooks,
            };
            // One at a time, so that two requests cannot both take the last place, nor both subscribe.
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await transaction.ExecuteAsync(Lock, null, cancellationToken);
            if (await transaction.QuerySingleOrDefaultAsync<HookRow>(Find, hook, cancellationToken) is { } existing)
                return new Outcome.Existing(existing.Shown());
            if (await transaction.QuerySingleOrDefaultAsync<HookRow>(Insert, hook, cancellationToken) is not { } created)
                return new Outcome.TooMany();
            // Neither Zapier nor Make verifies, yet what we send is always signed.
            var sealedKey = secrets.SealKey(principal.TenantId, secretId, SecretText.CreateKey());
            await transaction.ExecuteAsync(InsertSecret, new { Id = secretId, EndpointId = id, Sealed = sealedKey, hook.Now }, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Created(created.Shown());
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/hooks", Handle)
            .WithName(nameof(CreateHook)).WithTags("REST hooks").WithSummary("Subscribe to one event, as Zapier and Make do; asked again, the same id")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Created<HookItem>, Ok<HookItem>, ProblemHttpResult>> Handle(
        Command command, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Created(var hook) => TypedResults.Created($"/api/hooks/{hook.Id}", hook),
            Outcome.Existing(var hook) => TypedResults.Ok(hook),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.BadUrl(var reason) => Problems.Invalid("target_url", reason),
            Outcome.TooMany => Problems.Conflict($"There are {MostHooks} hooks already; unsubscribe one first."),
            _ => throw new UnreachableException(),
        };
}
