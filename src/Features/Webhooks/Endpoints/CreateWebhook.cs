using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.CustomerUrls;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Webhooks.Endpoints;

internal static class CreateWebhook
{
    private const int MostEndpoints = 16;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("Where events are posted: https, on a public address.")] string Url,
        [property: Description("Which events; all of them when absent.")] IReadOnlyList<string>? Events = null,
        [property: Description("What it is for, up to 200 characters.")] string? Description = null,
        [property: Description("Up to 16 headers to send along.")] IReadOnlyDictionary<string, string?>? Headers = null,
        [property: Description("Deliveries a second at most, 1 to 100; 10 when absent.")] int? RateLimit = null,
        [property: Description("whsec_ and the base64 of 24 to 64 bytes, or a text of as many bytes; made by us when absent.")] string? Secret = null)
        : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Created(Response Endpoint) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record BadUrl(string Reason) : Outcome;
        internal sealed record TooMany : Outcome;
    }

    internal sealed record Response(
        string Id, string Url, string Description, IReadOnlyList<string> Events, string Status, string? DisabledReason, DateTime? DisabledAt,
        IReadOnlyList<string> HeaderNames, int RateLimit, DateTime CreatedAt, DateTime UpdatedAt, DateTime? FailingSince, DateTime? LastSuccessAt,
        DateTime? LastFailureAt, string? Warning, DateTime? OldSecretEndsAt,
        [property: Description("Signs every delivery. Shown this once.")] string Secret)
        : WebhookEndpointItem(
            Id, Url, Description, Events, Status, DisabledReason, DisabledAt, HeaderNames, RateLimit, CreatedAt, UpdatedAt, FailingSince,
            LastSuccessAt, LastFailureAt, Warning, OldSecretEndsAt);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Events).Must(events => events is null || EndpointRules.AreEvents(events))
                .WithMessage(EndpointRules.EventsRule);
            RuleFor(command => command.Description).Must(description => description is null || EndpointRules.IsDescription(description))
                .WithMessage(EndpointRules.DescriptionRule);
            RuleFor(command => command.Headers).Custom((headers, context) =>
            {
                if (headers is not null && CustomHeaders.Offence(headers, mayRemove: false) is { } offence)
                    context.AddFailure(offence);
            });
            RuleFor(command => command.RateLimit).Must(rateLimit => rateLimit is null || EndpointRules.IsRateLimit(rateLimit.Value))
                .WithMessage(EndpointRules.RateLimitRule);
            RuleFor(command => command.Secret).Must(secret => secret is null || SecretText.TryRead(secret, out _)).WithMessage(SecretText.Rule);
        }
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, CustomerUrlRules urls, WebhookSecrets secrets, AuditLog audit, IdempotentRequest request,
        TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        // One at a time, so that two requests cannot both take the last place.
        private const string Insert =
            """
            select pg_advisory_xact_lock(hashtextextended('webhook_endpoints:' || @TenantId::text, 0));
            insert into webhook_endpoints (tenant_id, id, kind, url, description, events, headers, header_names, rate_limit, status,
                created_by, created_at, updated_at)
            select @TenantId, @Id, 'endpoint', @Url, @Description, @Events, @Headers, @HeaderNames, @RateLimit, 'active', @CreatedBy, @Now, @Now
            where (select count(*) from webhook_endpoints where tenant_id = @TenantId and kind = 'endpoint') < @MostEndpoints
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
            if (await urls.CheckAsync(command.Url, cancellationToken) is { } reason)
                return new Outcome.BadUrl(reason);

            var at = clock.GetUtcNow();
            var now = at.UtcDateTime;
            var (id, secretId) = (Guid.CreateVersion7(at), Guid.CreateVersion7(at));
            var key = SecretText.KeyOf(command.Secret);
            var events = EndpointRules.InOrder(command.Events ?? TenantEventTypes.All);
            var headers = CustomHeaders.Set(command.Headers);
            var (description, rateLimit) = (command.Description?.Trim() ?? "", command.RateLimit ?? EndpointRules.DefaultRateLimit);

            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            var inserted = await transaction.ExecuteAsync(Insert, new
            {
                Id = id,
                command.Url,
                Description = description,
                Events = events,
                Headers = secrets.SealHeaders(principal.TenantId, id, headers),
                HeaderNames = headers.Keys.ToArray(),
                RateLimit = rateLimit,
                CreatedBy = principal.Id,
                Now = now,
                MostEndpoints,
            }, cancellationToken);
            if (inserted == 0)
                return new Outcome.TooMany();
            await transaction.ExecuteAsync(
                InsertSecret, new { Id = secretId, EndpointId = id, Sealed = secrets.SealKey(principal.TenantId, secretId, key), Now = now }, cancellationToken);
            await audit.AddAsync(
                transaction, AuditActions.WebhookCreated, TypeId.Format(TypeId.WebhookEndpoint, id), detail: null, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Created(new Response(
                TypeId.Format(TypeId.WebhookEndpoint, id), command.Url, description, events, "active", DisabledReason: null, DisabledAt: null,
                [.. headers.Keys], rateLimit, now, now, FailingSince: null, LastSuccessAt: null, LastFailureAt: null, Warning: null,
                OldSecretEndsAt: null, SecretText.Of(key)));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/webhooks", Handle)
            .WithName(nameof(CreateWebhook)).WithTags("Webhooks").WithSummary("Create a webhook endpoint; the answer shows its secret this once")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Created<Response>, ProblemHttpResult>> Handle(
        Command command, HttpContext context, IMediator mediator, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Created(var endpoint) => TypedResults.Created($"/api/webhooks/{endpoint.Id}", endpoint),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.BadUrl(var reason) => Problems.Invalid("url", reason),
            Outcome.TooMany => Problems.Conflict($"There are {MostEndpoints} webhook endpoints already; delete one first."),
            _ => throw new UnreachableException(),
        };
    }
}
