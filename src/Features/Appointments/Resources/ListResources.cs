using Carter;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments.Resources;

internal static class ListResources
{
    public sealed record Query : IRequest<Response>;

    internal sealed record Response(IReadOnlyList<ResourceItem> Data);

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Response>
    {
        private const string List = $"{ResourceRow.Select} and r.archived_at is null order by r.created_at, r.id";

        public async Task<Response> Handle(Query query, CancellationToken cancellationToken)
        {
            var rows = await database.ReadAsync(principal.TenantId, List, null, results => results.ReadAsync<ResourceRow>(), cancellationToken);
            return new Response([.. rows.Select(row => row.Shown())]);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/resources", Handle)
            .WithName(nameof(ListResources)).WithTags("Schedule").WithSummary("List who can be booked, at most 200")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Ok<Response>> Handle(IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(new Query(), cancellationToken));
}
