using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.CustomerUrls;
using KestrelVoice.Features.Webhooks.Delivery;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Webhooks.Endpoints;

internal static class ChangeWebhook
{
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Changes(
        string? Url = null,
        IReadOnlyList<string>? Events = null,
        string? Description = null,
        [property: Description("Those named are set, those that are null are taken away, all others stay.")]
        IReadOnlyDictionary<string, string?>? Headers = null,
        int? RateLimit = null);

    public sealed record Command(
        string Id, string? Url, IReadOnlyList<string>? Events, string? Description, IReadOnlyDictionary<string, string?>? Headers, int? RateLimit)
        : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Changed(WebhookEndpointItem Endpoint) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record NotFound : Outcome;
        internal sealed record BadUrl(string Reason) : Outcome;
        internal sealed record TooManyHeaders : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Id).Must(EndpointId.IsEndpoint).WithMessage(EndpointId.Rule);
            RuleFor(command => command.Events).Must(events => events is null || EndpointRules.AreEvents(events))
                .WithMessage(EndpointRules.EventsRule);
            RuleFor(command => command.Description).Must(description => description is null || EndpointRules.IsDescription(description))
                .WithMessage(EndpointRules.DescriptionRule);
            RuleFor(command => command.Headers).Custom((headers, context) =>
            {
                if (headers is not null && CustomHeaders.Offence(headers, mayRemove: true) is { } offence)
                    context.AddFailure(offence);
            });
            RuleFor(command => command.RateLimit).Must(rateLimit => rateLimit is null || EndpointRules.IsRateLimit(rateLimit.Value))
                .WithMessage(EndpointRules.RateLimitRule);
        }
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, CustomerUrlRules urls, WebhookSecrets secrets, IOptions<DeliverySettings> options, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Lock =
            """
            select coalesce(headers, '') from webhook_endpoints
            where tenant_id = @TenantId and id = @Id and kind = 'endpoint'
            for update
            """;

        // Whatever failed before, failed somewhere else when the URL is another.
        private const string Change =
            $"""
            update webhook_endpoints
            set url = coalesce(@Url, url),
                failing_since = case when @Url <> url then null else failing_since end,
                warnings = case when @Url <> url then 0 else warnings end,
                warned_at = case when @Url <> url then null else warned_at end,
                events = coalesce(@Events, events),
                description = coalesce(@Description, description),
                headers = @Headers, header_names = @HeaderNames,
                rate_limit = coalesce(@RateLimit, rate_limit),
                updated_at = @Now
            where tenant_id = @TenantId and id = @Id
            returning {WebhookEndpointRow.Columns}
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!WebhookManagers.Include(principal))
                return new Outcome.NotAllowed();
            if (command.Url is not null && await urls.CheckAsync(command.Url, cancellationToken) is { } reason)
                return new Outcome.BadUrl(reason);

            var id = TypeId.Parse(TypeId.WebhookEndpoint, command.Id);
            var now = clock.GetUtcNow();
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            if (await transaction.QuerySingleOrDefaultAsync<string>(Lock, new { Id = id }, cancellationToken) is not { } sealedHeaders)
                return new Outcome.NotFound();
            var before = secrets.OpenHeaders(principal.TenantId, id, sealedHeaders is "" ? null : sealedHeaders);
            var headers = CustomHeaders.Set(command.Headers, before);
            if (headers.Count > CustomHeaders.Most)
                return new Outcome.TooManyHeaders();

            var row = await transaction.QuerySingleOrDefaultAsync<WebhookEndpointRow>(Change, new
            {
                Id = id,
                command.Url,
                Events = command.Events is null ? null : EndpointRules.InOrder(command.Events),
                Description = command.Description?.Trim(),
                Headers = secrets.SealHeaders(principal.TenantId, id, headers),
                HeaderNames = headers.Keys.ToArray(),
                command.RateLimit,
                Now = now.UtcDateTime,
            }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new Outcome.Changed(row!.Shown(now, options.Value.DisableAfter));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPatch("/api/webhooks/{id}", Handle)
            .WithName(nameof(ChangeWebhook)).WithTags("Webhooks").WithSummary("Change a webhook endpoint; what is absent or null stays as it is")
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Ok<WebhookEndpointItem>, ProblemHttpResult>> Handle(
        [Description("we_… or the bare UUID.")] string id, Changes changes, IMediator mediator, CancellationToken cancellationToken)
    {
        var command = new Command(id, changes.Url, changes.Events, changes.Description, changes.Headers, changes.RateLimit);
        return await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Changed(var endpoint) => TypedResults.Ok(endpoint),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.NotFound => WebhookManagers.NotFound(),
            Outcome.BadUrl(var reason) => Problems.Invalid("url", reason),
            Outcome.TooManyHeaders => Problems.Invalid("headers", $"There would be more than {CustomHeaders.Most} headers."),
            _ => throw new UnreachableException(),
        };
    }
}
