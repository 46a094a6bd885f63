using System.Text.Json.Serialization;
using Carter;
using Dapr;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Webhooks.Delivery;

internal static class FanOutWhenTenantEventTold
{
    public sealed record Command(
        [property: JsonRequired] Guid TenantId,
        [property: JsonRequired] Guid EventId) : IRequest<Response>;

    /// <param name="Messages">How many are new.</param>
    public sealed record Response(int Messages);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.TenantId).NotEmpty();
            RuleFor(command => command.EventId).NotEmpty();
        }
    }

    internal sealed class Handler(TenantDatabase database, WebhookLanes lanes, TimeProvider clock) : IRequestHandler<Command, Response>
    {
        // A paused endpoint gets its messages when it is resumed; to one that is disabled nobody promised anything.
        private const string FindEndpoints =
            """
            select e.id as endpoint_id, told.type
            from tenant_events told
            join webhook_endpoints e on e.tenant_id = told.tenant_id and e.status in ('active', 'paused') and told.type = any (e.events)
            where told.tenant_id = @TenantId and told.id = @EventId and told.erased_at is null
            """;

        private const string Insert =
            """
            insert into webhook_messages (tenant_id, id, endpoint_id, event_id, event_type, urgent, state, next_attempt_at, created_at, finished_at)
            select @TenantId, message.id, message.endpoint_id, @EventId, @Type, @Urgent, first.state, first.next_attempt_at, @Now, first.finished_at
            from unnest(@Ids, @EndpointIds) as message (id, endpoint_id)
            cross join first_state_of_webhook_messages(@TenantId, @Now) as first
            on conflict (tenant_id, endpoint_id, event_id) do nothing
            returning endpoint_id
            """;

        private sealed record Target(Guid EndpointId, string Type);

        public async Task<Response> Handle(Command command, CancellationToken cancellationToken)
        {
            await using var transaction = await database.BeginAsync(command.TenantId, cancellationToken);
            var targets = (await transaction.QueryAsync<Target>(FindEndpoints, new { command.EventId }, cancellationToken)).ToList();
            if (targets.Count == 0)
                return new Response(0);

            var now = clock.GetUtcNow();
            var urgent = TenantEventTypes.IsUrgent(targets[0].Type);
            var endpoints = (await transaction.QueryAsync<Guid>(
                Insert,
                new
                {
                    command.EventId,
                    targets[0].Type,
                    Urgent = urgent,
                    Ids = targets.Select(_ => Guid.CreateVersion7(now)).ToArray(),
                    EndpointIds = targets.Select(target => target.EndpointId).ToArray(),
                    Now = now.UtcDateTime,
                },
                cancellationToken)).ToList();
            await transaction.CommitAsync(cancellationToken);
            foreach (var endpointId in endpoints)
                lanes.Wake(new LaneKey(command.TenantId, endpointId, urgent));
            return new Response(endpoints.Count);
        }
    }

    public sealed class Subscription : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app)
        {
            app.MapPost("/events/tenant-events/webhooks", Handle).TakesDeliveries(To(Topics.TenantEvents));
            app.MapPost("/events/tenant-events-urgent/webhooks", Handle).TakesDeliveries(To(Topics.TenantEventsUrgent));
        }

        private static TopicOptions To(string topic) => new() { PubsubName = Components.PubSub, Name = topic, DeadLetterTopic = Topics.HostDead };
    }

    internal static async Task<Ok> Handle(Command command, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(command, cancellationToken);
        return TypedResults.Ok();
    }
}
