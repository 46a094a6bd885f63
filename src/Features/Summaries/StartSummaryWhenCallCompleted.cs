using System.Text.Json.Serialization;
using Carter;
using Dapr;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Summaries;

internal static class StartSummaryWhenCallCompleted
{
    // The end of a call can overtake its last turns.
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(5);

    public sealed record Command(
        [property: JsonRequired] Guid TenantId,
        [property: JsonRequired] Guid CallId) : IRequest<Outcome>;

    public enum Outcome
    {
        Started,
        NoSuchCall,
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.TenantId).NotEmpty();
            RuleFor(command => command.CallId).NotEmpty();
        }
    }

    internal sealed class Handler(TenantDatabase database, SummaryRuns runs) : IRequestHandler<Command, Outcome>
    {
        private const string Find =
            """
            select 1
            from call_results call
            where call.tenant_id = @TenantId and call.call_id = @CallId and call.status <> 'in-progress';
            select 1
            from call_summaries
            where tenant_id = @TenantId and call_id = @CallId and status <> 'running'
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var (call, summarised) = await database.ReadAsync(
                command.TenantId, Find, new { command.CallId },
                async results => (await results.ReadSingleOrDefaultAsync<int?>() is not null, await results.ReadSingleOrDefaultAsync<int?>() is not null),
                cancellationToken);
            if (!call)
                return Outcome.NoSuchCall;
            if (!summarised)
                await runs.StartAsync(command.TenantId, command.CallId, Settling, cancellationToken);
            return Outcome.Started;
        }
    }

    public sealed class Subscription : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/events/completed-calls/summaries", Handle)
            .TakesDeliveries(new TopicOptions { PubsubName = Components.PubSub, Name = Topics.CompletedCalls, DeadLetterTopic = Topics.HostDead });
    }

    // A call that is not there, or not over, is no reason to be told of it again.
    internal static async Task<Ok> Handle(Command command, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(command, cancellationToken);
        return TypedResults.Ok();
    }
}
