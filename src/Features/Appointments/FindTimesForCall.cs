using Carter;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Appointments;

/// <summary>What the receptionist offers a caller next.</summary>
internal static class FindTimesForCall
{
    public sealed record Query(TimesWanted Wanted) : IRequest<BookingAnswer?>;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            RuleFor(query => query.Wanted.TenantId).NotEmpty();
            RuleFor(query => query.Wanted.ServiceId).NotEmpty();
            RuleFor(query => query.Wanted.After).InclusiveBetween(CallEventRules.Earliest, CallEventRules.Latest);
        }
    }

    internal sealed class Handler(Schedules schedules, TimeProvider clock) : IRequestHandler<Query, BookingAnswer?>
    {
        public async Task<BookingAnswer?> Handle(Query query, CancellationToken cancellationToken)
        {
            var wanted = query.Wanted;
            var now = clock.GetUtcNow().UtcDateTime;
            var range = TimesByPhone.RangeFrom(now, wanted.After?.UtcDateTime.AddTicks(1));
            var service = await schedules.FindAsync(
                wanted.TenantId, wanted.ServiceId, resourceId: null, range, now, cancellationToken, except: wanted.HoldId);
            return service is null ? null : new BookingAnswer(AppointmentId: null, TimesByPhone.FirstOf(service.Availability.Slots(range)));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost(InternalRoutes.Times, Handle)
            .WithName(nameof(FindTimesForCall))
            .RequireAuthorization(Policies.Sidecar)
            .ExcludeFromDescription();
    }

    internal static async Task<Results<Ok<BookingAnswer>, ProblemHttpResult>> Handle(
        TimesWanted wanted, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(wanted), cancellationToken) is { } found ? TypedResults.Ok(found) : Problems.NotFound("There is no such service.");
}
