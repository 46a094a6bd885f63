using System.ComponentModel;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments;

internal static class GetAppointment
{
    public sealed record Query(string Id) : IRequest<AppointmentItem?>;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => RuleFor(query => query.Id).Must(id => TypeId.TryParse(TypeId.Appointment, id, out _))
            .WithMessage("id is appt_ and 26 characters, or a UUID.");
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, AppointmentItem?>
    {
        public async Task<AppointmentItem?> Handle(Query query, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.Appointment, query.Id);
            var row = await database.ReadAsync(
                principal.TenantId, AppointmentRow.Find, new { Id = id }, results => results.ReadSingleOrDefaultAsync<AppointmentRow?>(), cancellationToken);
            return row?.Shown();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/appointments/{id}", Handle)
            .WithName(nameof(GetAppointment)).WithTags("Appointments").WithSummary("Read one appointment")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<AppointmentItem>, ProblemHttpResult>> Handle(
        [Description("appt_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(id), cancellationToken) is { } found ? TypedResults.Ok(found) : Problems.NotFound("There is no such appointment.");
}
