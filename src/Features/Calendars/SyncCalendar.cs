using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Calendars;

internal static class SyncCalendar
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Read(CalendarItem Calendar) : Outcome;
        internal sealed record UnderWay : Outcome;
        internal sealed record NotFound : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(CalendarId.IsOne).WithMessage(CalendarId.Rule);
    }

    internal sealed class Handler(CalendarSync sync, TenantDatabase database, Principal principal) : IRequestHandler<Command, Outcome>
    {
        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.Calendar, command.Id);
            var ran = await sync.RunAsync(principal.TenantId, id, onlyWhenDue: false, cancellationToken);
            var row = await database.ReadAsync(
                principal.TenantId, CalendarRow.Find, new { Id = id }, results => results.ReadSingleOrDefaultAsync<CalendarRow?>(), cancellationToken);
            return row is null ? new Outcome.NotFound() : ran ? new Outcome.Read(row.Shown()) : new Outcome.UnderWay();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/calendars/{id}/sync", Handle)
            .WithName(nameof(SyncCalendar)).WithTags("Calendars").WithSummary("Read a connected calendar now; the answer says how that went")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Ok<CalendarItem>, ProblemHttpResult>> Handle(
        [Description("cal_… or the bare UUID.")] string id, HttpContext context, IMediator mediator, CancellationToken cancellationToken)
    {
        switch (await mediator.Send(new Command(id), cancellationToken))
        {
            case Outcome.Read(var calendar):
                return TypedResults.Ok(calendar);
            case Outcome.UnderWay:
                // That reading may have begun before what the caller wants to have read was there.
                context.Response.Headers.RetryAfter = "1";
                return Problems.Conflict("The calendar is being read at this moment; ask again in a moment.");
            case Outcome.NotFound:
                return Problems.NotFound("There is no such calendar.");
            default:
                throw new UnreachableException();
        }
    }
}
