using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using KestrelVoice.Features.Routing;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments;

internal static class BookAppointment
{
    private const int Alternatives = 5;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Command(
        [property: Description("svc_… or the bare UUID.")] string ServiceId,
        [property: Description("When it begins (RFC 3339), commonly one that GET /api/availability offers.")] string StartsAt,
        Party Customer,
        [property: Description("res_… or the bare UUID; whoever is free when absent.")] string? ResourceId = null,
        [property: Description("Up to 2,000 characters.")] string? Notes = null,
        [property: Description("appt_… or the bare UUID of a hold on that very time, which becomes the appointment.")] string? HoldId = null)
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
        internal sealed record AnotherHold : Outcome;
        internal sealed record UsedHold : Outcome;
        internal sealed record Taken(IReadOnlyList<SlotItem> Alternatives) : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.ServiceId).NamesAService();
            RuleFor(command => command.StartsAt).IsAStart();
            RuleFor(command => command.ResourceId).NamesAResourceOrNone();
            RuleFor(command => command.HoldId).Must(id => id is null || TypeId.TryParse(TypeId.Appointment, id, out _))
                .WithMessage("hold_id is appt_ and 26 characters, or a UUID.");
            RuleFor(command => command.Customer).NotNull().WithMessage("customer has a name and a phone_number.");
            RuleFor(command => command.Customer.Name).Must(name => IsText(name, 200) && !string.IsNullOrWhiteSpace(name))
                .When(command => command.Customer is not null)
                .WithMessage("customer.name has 1 to 200 characters.");
            RuleFor(command => command.Customer.PhoneNumber).IsSomebodysNumber("customer.phone_number")
                .When(command => command.Customer is not null);
            RuleFor(command => command.Customer.Address).Must(address => address is null || IsText(address, 500))
                .When(command => command.Customer is not null)
                .WithMessage("customer.address has up to 500 characters.");
            RuleFor(command => command.Notes).Must(notes => notes is null || IsText(notes, 2000)).WithMessage("notes have up to 2,000 characters.");
        }

        private static bool IsText(string? text, int longest) =>
            text is not null && text.Length <= longest && !text.Any(character => char.IsControl(character) && character is not ('\n' or '\r' or '\t'));
    }

    internal sealed class Handler(Bookings bookings, Holds holds, IdempotentRequest request, Principal principal, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            var wanted = new WantedTime(
                principal.TenantId, TypeId.Parse(TypeId.Service, command.ServiceId), DateBound.Parse(command.StartsAt).Instant!.Value,
                command.ResourceId is null ? null : TypeId.Parse(TypeId.Resource, command.ResourceId));
            if (wanted.StartsAt <= clock.GetUtcNow().UtcDateTime)
                return new Outcome.Past();
            var booking = new Booking(
                command.Customer.Name.Trim(), command.Customer.PhoneNumber, command.Customer.Address, command.Notes,
                principal.Kind == PrincipalKind.Member ? "dashboard" : "api");
            if (command.HoldId is { } holdId
                && await BookHeldAsync(TypeId.Parse(TypeId.Appointment, holdId), wanted, booking, cancellationToken) is { } outcome)
                return outcome;

            if (await bookings.FindAsync(wanted, cancellationToken) is not { } service)
                return new Outcome.NoService();
            if (await bookings.BookAsync(service, wanted, booking, request, cancellationToken) is { } booked)
                return new Outcome.Booked(booked);
            return new Outcome.Taken([.. (await bookings.AlternativesAsync(service, wanted, Alternatives, cancellationToken)).Select(SlotItem.Of)]);
        }

        /// <returns>Null when the hold holds nothing any more, and the time is anybody's.</returns>
        private async Task<Outcome?> BookHeldAsync(Guid holdId, WantedTime wanted, Booking booking, CancellationToken cancellationToken)
        {
            if (await holds.FindAsync(principal.TenantId, holdId, cancellationToken) is not { } hold)
                return null;
            if (hold.Status != "held")
                return new Outcome.UsedHold();
            if (!hold.IsOf(wanted))
                return new Outcome.AnotherHold();
            return await bookings.BookAsync(principal.TenantId, hold, booking, request, cancellationToken) is { } booked ? new Outcome.Booked(booked) : null;
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
            Outcome.AnotherHold => Problems.Invalid("hold_id", "hold_id holds another service or time."),
            Outcome.UsedHold => Problems.Conflict("The hold has become an appointment already."),
            Outcome.Taken(var alternatives) => Problems.Of(
                StatusCodes.Status409Conflict, Problems.ConflictError, "That time is not free.",
                new Dictionary<string, object?> { ["alternatives"] = alternatives }),
            _ => throw new UnreachableException(),
        };
}
