using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calendars;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments;

internal static class BookAppointment
{
    private const int Alternatives = 5;
    private const string PhoneNumberRule = @"\A\+[1-9][0-9]{6,14}\z";

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("svc_… or the bare UUID.")] string ServiceId,
        [property: Description("When it begins (RFC 3339), commonly one that GET /api/availability offers.")] string StartsAt,
        Party Customer,
        [property: Description("res_… or the bare UUID; whoever is free when absent.")] string? ResourceId = null,
        [property: Description("Up to 2,000 characters.")] string? Notes = null)
        : IRequest<Outcome>;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Party(
        [property: Description("Up to 200 characters.")] string Name,
        [property: Description("E.164, such as +15035550142.")] string PhoneNumber,
        [property: Description("Up to 500 characters.")] string? Address = null);

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Booked(AppointmentItem Appointment) : Outcome;
        internal sealed record NoService : Outcome;
        internal sealed record Past : Outcome;
        internal sealed record Taken(IReadOnlyList<SlotItem> Alternatives) : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.ServiceId).Must(id => TypeId.TryParse(TypeId.Service, id, out _))
                .WithMessage("service_id is svc_ and 26 characters, or a UUID.");
            RuleFor(command => command.StartsAt).Must(text => text is not null && DateBound.TryParse(text, out var bound) && bound.Instant is not null)
                .WithMessage("starts_at is an RFC 3339 instant.");
            RuleFor(command => command.ResourceId).Must(id => id is null || TypeId.TryParse(TypeId.Resource, id, out _))
                .WithMessage("resource_id is res_ and 26 characters, or a UUID.");
            RuleFor(command => command.Customer).NotNull().WithMessage("customer has a name and a phone_number.");
            RuleFor(command => command.Customer.Name).Must(name => IsText(name, 200) && !string.IsNullOrWhiteSpace(name))
                .When(command => command.Customer is not null)
                .WithMessage("customer.name has 1 to 200 characters.");
            RuleFor(command => command.Customer.PhoneNumber).NotNull().Matches(PhoneNumberRule)
                .When(command => command.Customer is not null)
                .WithMessage("customer.phone_number is an E.164 number, such as +15035550142.");
            RuleFor(command => command.Customer.Address).Must(address => address is null || IsText(address, 500))
                .When(command => command.Customer is not null)
                .WithMessage("customer.address has up to 500 characters.");
            RuleFor(command => command.Notes).Must(notes => notes is null || IsText(notes, 2000)).WithMessage("notes have up to 2,000 characters.");
        }

        private static bool IsText(string? text, int longest) =>
            text is not null && text.Length <= longest && !text.Any(character => char.IsControl(character) && character is not ('\n' or '\r' or '\t'));
    }

    internal sealed class Handler(
        Schedules schedules, LiveBusyTimes calendars, TenantDatabase database, TenantEvents events, Outbox outbox, IdempotentRequest request,
        Principal principal, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        // The constraint decides who was first. Naming it as a conflict, not an error, also keeps two bookings from waiting for each other.
        private const string Insert =
            """
            delete from appointments
            where tenant_id = @TenantId and resource_id = @ResourceId and status = 'held' and expires_at <= @Now
              and blocked_start < @BlockedEnd and blocked_end > @BlockedStart;
            insert into appointments (tenant_id, id, service_id, resource_id, status, starts_at, ends_at, blocked_start, blocked_end,
                customer_name, customer_phone, customer_address, notes, source, version, created_at, updated_at)
            values (@TenantId, @Id, @ServiceId, @ResourceId, 'scheduled', @StartsAt, @EndsAt, @BlockedStart, @BlockedEnd,
                @CustomerName, @CustomerPhone, @CustomerAddress, @Notes, @Source, 1, @Now, @Now)
            on conflict do nothing
            returning id
            """;

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var startsAt = DateBound.Parse(command.StartsAt).Instant!.Value;
            var now = clock.GetUtcNow();
            if (startsAt <= now.UtcDateTime)
                return new Outcome.Past();
            if (await FindAsync(command, startsAt, cancellationToken) is not { } service)
                return new Outcome.NoService();

            var free = service.Availability.FreeAt(startsAt).ToList();
            foreach (var resource in free)
            {
                if (await BookAsync(command, service, resource, startsAt, now, cancellationToken) is { } booked)
                    return new Outcome.Booked(booked);
            }
            // Only what was free a moment ago has changed since.
            var afterwards = free is [] ? service : await FindAsync(command, startsAt, cancellationToken);
            var range = new Interval(startsAt, startsAt.AddDays(14));
            return new Outcome.Taken([.. afterwards!.Availability.Slots(range).DistinctBy(slot => slot.StartsAt).Take(Alternatives).Select(SlotItem.Of)]);
        }

        private Task<OfferedService?> FindAsync(Command command, DateTime startsAt, CancellationToken cancellationToken) => schedules.FindAsync(
            principal.TenantId, TypeId.Parse(TypeId.Service, command.ServiceId),
            command.ResourceId is null ? null : TypeId.Parse(TypeId.Resource, command.ResourceId),
            new Interval(startsAt, startsAt.AddDays(14)), clock.GetUtcNow().UtcDateTime, cancellationToken);

        private async Task<AppointmentItem?> BookAsync(
            Command command, OfferedService service, ScheduledResource resource, DateTime startsAt, DateTimeOffset now, CancellationToken cancellationToken)
        {
            var id = Guid.CreateVersion7(now);
            var blocked = service.Availability.BlockedBy(resource, startsAt);
            if (!await calendars.AllowAsync(principal.TenantId, resource.Id, blocked.Start, blocked.End, cancellationToken))
                return null;
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            var inserted = await transaction.QuerySingleOrDefaultAsync<Guid?>(Insert, new
            {
                Id = id,
                ServiceId = service.Id,
                ResourceId = resource.Id,
                StartsAt = startsAt,
                EndsAt = service.Availability.EndOf(startsAt),
                BlockedStart = blocked.Start,
                BlockedEnd = blocked.End,
                CustomerName = command.Customer.Name.Trim(),
                CustomerPhone = command.Customer.PhoneNumber,
                CustomerAddress = command.Customer.Address,
                command.Notes,
                Source = principal.Kind == PrincipalKind.Member ? "dashboard" : "api",
                Now = now.UtcDateTime,
            }, cancellationToken);
            if (inserted is null)
                return null;

            var row = await transaction.QuerySingleOrDefaultAsync<AppointmentRow>(AppointmentRow.Find, new { Id = id }, cancellationToken);
            var item = row!.Shown();
            await events.RecordAsync(transaction, new TenantEvent(TenantEventTypes.AppointmentBooked, $"booked:{id}", now, new AppointmentEventData(
                item.Id, item.CallId, item.Service.Name, item.StartsAt, item.EndsAt,
                new AppointmentEventData.Party(item.Customer.Name, item.Customer.PhoneNumber, item.Customer.Address), item.Status)), cancellationToken);
            await outbox.AddAsync(
                transaction, Topics.AppointmentChanges, AppointmentReference.CloudEventType,
                new AppointmentReference(principal.TenantId, id), urgent: false, cancellationToken);
            await request.CommitAsync(transaction, cancellationToken);
            return item;
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/appointments", Handle)
            .WithName(nameof(BookAppointment)).WithTags("Appointments").WithSummary("Book an appointment")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict)
            .TakesIdempotencyKey()
            .RequireAuthorization(Policies.Write);
    }

    internal static async Task<Results<Created<AppointmentItem>, ProblemHttpResult>> Handle(
        Command command, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(command, cancellationToken) switch
        {
            Outcome.Booked(var appointment) => TypedResults.Created($"/api/appointments/{appointment.Id}", appointment),
            Outcome.NoService => Problems.NotFound("There is no such service."),
            Outcome.Past => Problems.Invalid("starts_at", "starts_at lies in the past."),
            Outcome.Taken(var alternatives) => Problems.Of(
                StatusCodes.Status409Conflict, Problems.ConflictError, "That time is not free.",
                new Dictionary<string, object?> { ["alternatives"] = alternatives }),
            _ => throw new UnreachableException(),
        };
}
