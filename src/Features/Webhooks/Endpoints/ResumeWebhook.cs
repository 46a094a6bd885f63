using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Delivery;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Webhooks.Endpoints;

internal static class ResumeWebhook
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Resumed(WebhookEndpointItem Endpoint) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record NotFound : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(EndpointId.IsEndpoint).WithMessage(EndpointId.Rule);
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, WebhookDispatch dispatch, IOptions<DeliverySettings> options, TimeProvider clock) : IRequestHandler<Command, Outcome>
    {
        // One that was disabled gets its five days anew.
        private const string Resume =
            $"""
            update webhook_endpoints
            set status = 'active', disabled_reason = null, disabled_at = null,
                failing_since = case status when 'disabled' then null else failing_since end,
                warnings = case status when 'disabled' then 0 else warnings end,
                warned_at = case status when 'disabled' then null else warned_at end,
                updated_at = case status when 'active' then updated_at else @Now end
            where tenant_id = @TenantId and id = @Id and kind = 'endpoint'
            returning {WebhookEndpointRow.Columns}
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!WebhookManagers.Include(principal))
                return new Outcome.NotAllowed();

            var now = clock.GetUtcNow();
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            var row = await transaction.QuerySingleOrDefaultAsync<WebhookEndpointRow>(
                Resume, new { Id = TypeId.Parse(TypeId.WebhookEndpoint, command.Id), Now = now.UtcDateTime }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            if (row is null)
                return new Outcome.NotFound();
            dispatch.WakeUp(principal.TenantId, row.Id);
            return new Outcome.Resumed(row.Shown(now, options.Value.DisableAfter));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/webhooks/{id}/resume", Handle)
            .WithName(nameof(ResumeWebhook)).WithTags("Webhooks").WithSummary("Resume a webhook endpoint that was paused, or disabled")
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Ok<WebhookEndpointItem>, ProblemHttpResult>> Handle(
        [Description("we_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Resumed(var endpoint) => TypedResults.Ok(endpoint),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.NotFound => WebhookManagers.NotFound(),
            _ => throw new UnreachableException(),
        };
}
