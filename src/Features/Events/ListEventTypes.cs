using System.ComponentModel;
using Carter;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Events;

internal static class ListEventTypes
{
    public sealed record Query : IRequest<IReadOnlyList<EventType>>;

    internal sealed record EventType(
        [property: Description("As in the event's own event member.")] string Key,
        [property: Description("For a person who chooses.")] string Label);

    internal sealed class Handler : IRequestHandler<Query, IReadOnlyList<EventType>>
    {
        private static readonly IReadOnlyList<EventType> All = [.. TenantEventTypes.All.Select(type => new EventType(type, TenantEventTypes.LabelOf(type)))];

        public Task<IReadOnlyList<EventType>> Handle(Query query, CancellationToken cancellationToken) => Task.FromResult(All);
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/events/types", Handle)
            .WithName(nameof(ListEventTypes)).WithTags("Events").WithSummary("List the types of events, as a plain array for a dropdown")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Ok<IReadOnlyList<EventType>>> Handle(IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(new Query(), cancellationToken));
}
