using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments;

internal static class CancelAppointment
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Cancelled(AppointmentItem Appointment) : Outcome;

        internal sealed record NotFound : Outcome;

        internal sealed record Refused : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(id => TypeId.TryParse(TypeId.Appointment, id, out _))
            .WithMessage("id is appt_ and 26 characters, or a UUID.");
    }

    internal sealed class Handler(TenantDatabase database, Outbox outbox, IdempotentRequest request, Principal principal, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Change =
            """
            update appointments
            set status = 'cancelled', version = version + 1, updated_at = @Now
            where tenant_id = @TenantId and id = @Id and status = 'scheduled'
            returning id
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var id = TypeId.Parse(TypeId.Appointment, command.Id);
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            var changed = await transaction.QuerySingleOrDefaultAsync<Guid?>(Change, new { Id = id, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
            var appointment = await transaction.QuerySingleOrDefaultAsync<AppointmentRow>(AppointmentRow.Find, new { Id = id }, cancellationToken);
            if (appointment is null)
                return new Outcome.NotFound();
            // Asked again, it is as it was wanted.
            if (appointment.Status != "cancelled")
                return new Outcome.Refused();
            if (changed is not null)
                await outbox.AddAsync(
                    transaction, Topics.AppointmentChanges, AppointmentReference.CloudEventType,
                    new AppointmentReference(principal.TenantId, id), urgent: false, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return new Outcome.Cancelled(appointment.Shown());
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/appointments/{id}/cancel", Handle)
            .WithName(nameof(CancelAppointment)).WithTags("Appointments").WithSummary("Cancel an appointment; its time is free again")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Write);
    }

    internal static async Task<Results<Ok<AppointmentItem>, ProblemHttpResult>> Handle(
        [Description("appt_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Cancelled(var appointment) => TypedResults.Ok(appointment),
            Outcome.NotFound => Problems.NotFound("There is no such appointment."),
            Outcome.Refused => Problems.Conflict("The appointment is completed, and what was done cannot be cancelled."),
            _ => throw new UnreachableException(),
        };
}
