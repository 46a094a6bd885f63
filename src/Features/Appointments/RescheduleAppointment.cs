using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calendars;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Npgsql;

namespace KestrelVoice.Features.Appointments;

internal static class RescheduleAppointment
{
    private const int Alternatives = 5;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Wish(
        [property: Description("When it is to begin (RFC 3339).")] string StartsAt,
        [property: Description("res_… or the bare UUID; the same as before if free, else whoever is, when absent.")] string? ResourceId = null);

    public sealed record Command(string Id, Wish Wish) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Moved(AppointmentItem Appointment) : Outcome;

        internal sealed record NotFound : Outcome;

        internal sealed record Over : Outcome;

        internal sealed record Past : Outcome;

        internal sealed record Taken(IReadOnlyList<SlotItem> Alternatives) : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Id).Must(id => TypeId.TryParse(TypeId.Appointment, id, out _)).WithMessage("id is appt_ and 26 characters, or a UUID.");
            RuleFor(command => command.Wish.StartsAt).IsAStart().OverridePropertyName("starts_at");
            RuleFor(command => command.Wish.ResourceId).NamesAResourceOrNone().OverridePropertyName("resource_id");
        }
    }

    internal sealed class Handler(
        Schedules schedules, LiveBusyTimes calendars, TenantDatabase database, Outbox outbox, IdempotentRequest request, Principal principal,
        TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        // Only the appointment that was looked at: whoever changed it meanwhile wins.
        private const string Move =
            """
            delete from appointments
            where tenant_id = @TenantId and resource_id = @ResourceId and status = 'held' and expires_at <= @Now
              and blocked_start < @BlockedEnd and blocked_end > @BlockedStart;
            update appointments
            set resource_id = @ResourceId, starts_at = @StartsAt, ends_at = @EndsAt, blocked_start = @BlockedStart, blocked_end = @BlockedEnd,
                version = version + 1, updated_at = @Now
            where tenant_id = @TenantId and id = @Id and status = 'scheduled' and updated_at = @SeenAt
            returning id
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var startsAt = DateBound.Parse(command.Wish.StartsAt).Instant!.Value;
            if (startsAt <= clock.GetUtcNow().UtcDateTime)
                return new Outcome.Past();
            if (await ReadAsync(command, cancellationToken) is not { } appointment)
                return new Outcome.NotFound();
            if (appointment.Status != "scheduled")
                return new Outcome.Over();

            var service = await FindAsync(command, appointment, startsAt, cancellationToken);
            foreach (var resource in service.Availability.FreeAt(startsAt).OrderByDescending(resource => resource.Id == appointment.ResourceId))
            {
                if (await MoveAsync(appointment, service, resource, startsAt, cancellationToken) is { } moved)
                    return new Outcome.Moved(moved);
            }
            var afterwards = await FindAsync(command, appointment, startsAt, cancellationToken);
            var range = new Interval(startsAt, startsAt.AddDays(14));
            return new Outcome.Taken([.. afterwards.Availability.Slots(range).DistinctBy(slot => slot.StartsAt).Take(Alternatives).Select(SlotItem.Of)]);
        }

        private Task<AppointmentRow?> ReadAsync(Command command, CancellationToken cancellationToken) => database.ReadAsync(
            principal.TenantId, AppointmentRow.Find, new { Id = TypeId.Parse(TypeId.Appointment, command.Id) },
            results => results.ReadSingleOrDefaultAsync<AppointmentRow?>(), cancellationToken);

        private async Task<OfferedService> FindAsync(Command command, AppointmentRow appointment, DateTime startsAt, CancellationToken cancellationToken) =>
            (await schedules.FindAsync(
                principal.TenantId, appointment.ServiceId, command.Wish.ResourceId is null ? null : TypeId.Parse(TypeId.Resource, command.Wish.ResourceId),
                new Interval(startsAt, startsAt.AddDays(14)), clock.GetUtcNow().UtcDateTime, cancellationToken, except: appointment.Id))!;

        private async Task<AppointmentItem?> MoveAsync(
            AppointmentRow appointment, OfferedService service, ScheduledResource resource, DateTime startsAt, CancellationToken cancellationToken)
        {
            var blocked = service.Availability.BlockedBy(resource, startsAt);
            if (!await calendars.AllowAsync(principal.TenantId, resource.Id, blocked.Start, blocked.End, cancellationToken))
                return null;
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            try
            {
                var moved = await transaction.QuerySingleOrDefaultAsync<Guid?>(Move, new
                {
                    appointment.Id,
                    ResourceId = resource.Id,
                    StartsAt = startsAt,
                    EndsAt = service.Availability.EndOf(startsAt),
                    BlockedStart = blocked.Start,
                    BlockedEnd = blocked.End,
                    SeenAt = appointment.UpdatedAt,
                    Now = clock.GetUtcNow().UtcDateTime,
                }, cancellationToken);
                if (moved is null)
                    return null;
            }
            catch (PostgresException taken) when (taken.SqlState == PostgresErrorCodes.ExclusionViolation)
            {
                return null;
            }
            var row = await transaction.QuerySingleOrDefaultAsync<AppointmentRow>(AppointmentRow.Find, new { appointment.Id }, cancellationToken);
            await outbox.AddAsync(
                transaction, Topics.AppointmentChanges, AppointmentReference.CloudEventType,
                new AppointmentReference(principal.TenantId, appointment.Id), urgent: false, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return row!.Shown();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/appointments/{id}/reschedule", Handle)
            .WithName(nameof(RescheduleAppointment)).WithTags("Appointments").WithSummary("Move an appointment to another time, or to somebody else")
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Write);
    }

    internal static async Task<Results<Ok<AppointmentItem>, ProblemHttpResult>> Handle(
        [Description("appt_… or the bare UUID.")] string id, Wish wish, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id, wish), cancellationToken) switch
        {
            Outcome.Moved(var appointment) => TypedResults.Ok(appointment),
            Outcome.NotFound => Problems.NotFound("There is no such appointment."),
            Outcome.Over => Problems.Conflict("The appointment is completed or cancelled."),
            Outcome.Past => Problems.Invalid("starts_at", "starts_at lies in the past."),
            Outcome.Taken(var alternatives) => Problems.Of(
                StatusCodes.Status409Conflict, Problems.ConflictError, "That time is not free.",
                new Dictionary<string, object?> { ["alternatives"] = alternatives }),
            _ => throw new UnreachableException(),
        };
}
