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

/// <summary>Keeps the time that a caller chose, while they say who they are and whether that is right.</summary>
internal static class HoldForCall
{
    private const int LongestName = 200;

    public sealed record Command(HoldWanted Wanted) : IRequest<BookingAnswer?>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Wanted.Call).NotNull().SetValidator(new CallHeaderRules());
            RuleFor(command => command.Wanted.Call.TenantId).NotEmpty().When(command => command.Wanted.Call is not null);
            RuleFor(command => command.Wanted.Call.From).Matches(Routing.PhoneNumbers.E164).When(command => command.Wanted.Call is not null);
            RuleFor(command => command.Wanted.ServiceId).NotEmpty();
            RuleFor(command => command.Wanted.StartsAt).InclusiveBetween(CallEventRules.Earliest, CallEventRules.Latest);
            RuleFor(command => command.Wanted.CustomerName).Must(name => name is null || CallEventRules.BeText(name)).MaximumLength(LongestName);
        }
    }

    internal sealed class Handler(Bookings bookings, Holds holds, Schedules schedules, IdempotentRequest request, TimeProvider clock)
        : IRequestHandler<Command, BookingAnswer?>
    {
        public async Task<BookingAnswer?> Handle(Command command, CancellationToken cancellationToken)
        {
            var (call, serviceId, startsAt, name) = command.Wanted;
            var now = clock.GetUtcNow().UtcDateTime;
            var tenantId = call.TenantId!.Value;
            var wanted = new WantedTime(
                tenantId, serviceId, startsAt.UtcDateTime, OwnHold: await holds.OfCallAsync(tenantId, call.CallSid, cancellationToken));
            if (await bookings.FindAsync(wanted, cancellationToken) is not { } service)
                return null;
            var held = wanted.StartsAt <= now
                ? null
                : await holds.HoldAsync(service, wanted, new Holder("call", name, call.From, call.CallSid), request, cancellationToken);
            return held is not null
                ? new BookingAnswer(held.Id, [])
                : new BookingAnswer(AppointmentId: null, await TimesByPhone.InsteadOfAsync(schedules, wanted, now, cancellationToken));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost(InternalRoutes.Hold, Handle)
            .WithName(nameof(HoldForCall))
            .RequireAuthorization(Policies.Sidecar)
            .ExcludeFromDescription();
    }

    internal static async Task<Results<Ok<BookingAnswer>, ProblemHttpResult>> Handle(
        HoldWanted wanted, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(wanted), cancellationToken) is { } held ? TypedResults.Ok(held) : Problems.NotFound("There is no such service.");
}
