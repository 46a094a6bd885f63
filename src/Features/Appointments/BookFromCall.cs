using Carter;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Kernel.Idempotency;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments;

/// <summary>The caller said yes: what the call holds becomes an appointment, once, however often the question comes.</summary>
internal static class BookFromCall
{
    public sealed record Command(BookingWanted Wanted) : IRequest<BookingAnswer>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Wanted.Call).NotNull().SetValidator(new CallHeaderRules());
            RuleFor(command => command.Wanted.Call.TenantId).NotEmpty().When(command => command.Wanted.Call is not null);
            RuleFor(command => command.Wanted.Call.From).Matches(Routing.PhoneNumbers.E164).When(command => command.Wanted.Call is not null);
            RuleFor(command => command.Wanted.HoldId).NotEmpty();
            RuleFor(command => command.Wanted.ServiceId).NotEmpty();
            RuleFor(command => command.Wanted.StartsAt).InclusiveBetween(CallEventRules.Earliest, CallEventRules.Latest);
        }
    }

    internal sealed class Handler(Bookings bookings, Holds holds, Schedules schedules, IdempotentRequest request, TimeProvider clock)
        : IRequestHandler<Command, BookingAnswer>
    {
        public async Task<BookingAnswer> Handle(Command command, CancellationToken cancellationToken)
        {
            var (call, holdId, serviceId, startsAt) = command.Wanted;
            var tenantId = call.TenantId!.Value;
            if (await holds.FindAsync(tenantId, holdId, cancellationToken) is { } hold && hold.CallSid == call.CallSid
                && (IsBooked(hold) || await BookAsync(tenantId, hold, call, cancellationToken)))
                return new BookingAnswer(hold.Id, []);
            return new BookingAnswer(AppointmentId: null, await TimesByPhone.InsteadOfAsync(
                schedules, new WantedTime(tenantId, serviceId, startsAt.UtcDateTime), clock.GetUtcNow().UtcDateTime, cancellationToken));
        }

        private async Task<bool> BookAsync(Guid tenantId, Hold hold, CallHeader call, CancellationToken cancellationToken)
        {
            var booking = new Booking(Name: null, call.From, Address: null, Notes: null, "call", call);
            if (await bookings.BookAsync(tenantId, hold, booking, request, cancellationToken) is not null)
                return true;
            // The same question may have been answered at the same moment.
            return await holds.FindAsync(tenantId, hold.Id, cancellationToken) is { } since && IsBooked(since);
        }

        private static bool IsBooked(Hold hold) => hold.Status != "held";
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost(InternalRoutes.Book, Handle)
            .WithName(nameof(BookFromCall))
            .RequireAuthorization(Policies.Sidecar)
            .ExcludeFromDescription();
    }

    internal static async Task<Ok<BookingAnswer>> Handle(BookingWanted wanted, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(new Command(wanted), cancellationToken));
}
