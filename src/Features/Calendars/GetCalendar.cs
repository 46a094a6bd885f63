using System.ComponentModel;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Calendars;

internal static class GetCalendar
{
    public sealed record Query(string Id) : IRequest<CalendarItem?>;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => RuleFor(query => query.Id).Must(CalendarId.IsOne).WithMessage(CalendarId.Rule);
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, CalendarItem?>
    {
        public async Task<CalendarItem?> Handle(Query query, CancellationToken cancellationToken)
        {
            var row = await database.ReadAsync(
                principal.TenantId, CalendarRow.Find, new { Id = TypeId.Parse(TypeId.Calendar, query.Id) },
                results => results.ReadSingleOrDefaultAsync<CalendarRow?>(), cancellationToken);
            return row?.Shown();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/calendars/{id}", Handle)
            .WithName(nameof(GetCalendar)).WithTags("Calendars").WithSummary("Read one connected calendar, with how it fares")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<CalendarItem>, ProblemHttpResult>> Handle(
        [Description("cal_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(id), cancellationToken) is { } found ? TypedResults.Ok(found) : Problems.NotFound("There is no such calendar.");
}
