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

internal static class PauseWebhook
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Paused(WebhookEndpointItem Endpoint) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record NotFound : Outcome;
        internal sealed record Disabled : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(EndpointId.IsEndpoint).WithMessage(EndpointId.Rule);
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, IOptions<DeliverySettings> options, TimeProvider clock) : IRequestHandler<Command, Outcome>
    {
        // One that is disabled stays so: pausing it must not hide why it gets nothing.
        private const string Pause =
            $"""
            update webhook_endpoints
            set status = case status when 'active' then 'paused' else status end,
                updated_at = case status when 'active' then @Now else updated_at end
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
                Pause, new { Id = TypeId.Parse(TypeId.WebhookEndpoint, command.Id), Now = now.UtcDateTime }, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return row switch
            {
                null => new Outcome.NotFound(),
                { Status: "disabled" } => new Outcome.Disabled(),
                _ => new Outcome.Paused(row.Shown(now, options.Value.DisableAfter)),
            };
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/webhooks/{id}/pause", Handle)
            .WithName(nameof(PauseWebhook)).WithTags("Webhooks").WithSummary("Pause a webhook endpoint")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Ok<WebhookEndpointItem>, ProblemHttpResult>> Handle(
        [Description("we_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Paused(var endpoint) => TypedResults.Ok(endpoint),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.NotFound => WebhookManagers.NotFound(),
            Outcome.Disabled => Problems.Conflict("The webhook endpoint is disabled already; resume it when it works again."),
            _ => throw new UnreachableException(),
        };
}
