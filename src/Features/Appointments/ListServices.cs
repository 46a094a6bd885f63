using Carter;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments;

internal static class ListServices
{
    public sealed record Query : IRequest<Response>;

    public sealed record Response(IReadOnlyList<Item> Data);

    public sealed record Item(string Id, string Name, int LengthMinutes, int BufferBeforeMinutes, int BufferAfterMinutes);

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Response>
    {
        private const string List =
            """
            select id, name, length_minutes, buffer_before_minutes, buffer_after_minutes
            from services
            where tenant_id = @TenantId
            order by created_at, id
            """;

        private sealed record Row(Guid Id, string Name, int LengthMinutes, int BufferBeforeMinutes, int BufferAfterMinutes);

        public async Task<Response> Handle(Query query, CancellationToken cancellationToken)
        {
            var rows = await database.ReadAsync(principal.TenantId, List, null, results => results.ReadAsync<Row>(), cancellationToken);
            return new Response(
            [
                .. rows.Select(row => new Item(
                    TypeId.Format(TypeId.Service, row.Id), row.Name, row.LengthMinutes, row.BufferBeforeMinutes, row.BufferAfterMinutes)),
            ]);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/services", Handle)
            .WithName(nameof(ListServices)).WithTags("Appointments").WithSummary("List what can be booked")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Ok<Response>> Handle(IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(new Query(), cancellationToken));
}
