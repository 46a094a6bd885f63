using System.ComponentModel;
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

internal static class GetWebhook
{
    public sealed record Query(string Id) : IRequest<WebhookEndpointItem?>;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => RuleFor(query => query.Id).Must(EndpointId.IsEndpoint).WithMessage(EndpointId.Rule);
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, IOptions<DeliverySettings> options, TimeProvider clock) : IRequestHandler<Query, WebhookEndpointItem?>
    {
        private const string Find =
            $"""
            select {WebhookEndpointRow.Columns}
            from webhook_endpoints
            where tenant_id = @TenantId and id = @Id and kind = 'endpoint'
            """;

        public async Task<WebhookEndpointItem?> Handle(Query query, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.WebhookEndpoint, query.Id);
            var row = await database.ReadAsync(
                principal.TenantId, Find, new { Id = id }, results => results.ReadSingleOrDefaultAsync<WebhookEndpointRow?>(), cancellationToken);
            return row?.Shown(clock.GetUtcNow(), options.Value.DisableAfter);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/webhooks/{id}", Handle)
            .WithName(nameof(GetWebhook)).WithTags("Webhooks").WithSummary("Read one webhook endpoint, with how it fares")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<WebhookEndpointItem>, ProblemHttpResult>> Handle(
        [Description("we_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(id), cancellationToken) is { } found ? TypedResults.Ok(found) : WebhookManagers.NotFound();
}
