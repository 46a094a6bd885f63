using Carter;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments.Holidays;

internal static class ListHolidays
{
    public sealed record Query : IRequest<Response>;

    internal sealed record Response(IReadOnlyList<HolidayItem> Data);

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Response>
    {
        public async Task<Response> Handle(Query query, CancellationToken cancellationToken)
        {
            var days = await database.ReadAsync(
                principal.TenantId, HolidayItem.Select, null, results => results.ReadAsync<HolidayItem>(), cancellationToken);
            return new Response([.. days]);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/holidays", Handle)
            .WithName(nameof(ListHolidays)).WithTags("Schedule").WithSummary("List the days on which nobody works, earliest first")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Ok<Response>> Handle(IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(new Query(), cancellationToken));
}
