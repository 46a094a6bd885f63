using Carter;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Calls;

internal static class NoteBookingWhenAppointmentBooked
{
    public sealed record Command(AppointmentBookedInCall Event) : IRequest<Recorded>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Event).NotNull().SetValidator(new CallEventRules());
            RuleFor(command => command.Event.AppointmentId).NotEmpty();
            RuleFor(command => command.Event.Service).Must(CallEventRules.BeText).MaximumLength(CallEventRules.LongestText);
            RuleFor(command => command.Event.StartsAt).InclusiveBetween(CallEventRules.Earliest, CallEventRules.Latest);
        }
    }

    internal sealed class Handler(CallJournal journal) : IRequestHandler<Command, Recorded>
    {
        public Task<Recorded> Handle(Command command, CancellationToken cancellationToken) =>
            journal.RecordAsync(command.Event, cancellationToken);
    }

    public sealed class Subscription : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/events/calls/booked", Handle)
            .TakesDeliveries(CallSubscription.To(CallEventTypes.Booked, priority: 8));
    }

    internal static async Task<Ok> Handle(AppointmentBookedInCall callEvent, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(new Command(callEvent), cancellationToken);
        return TypedResults.Ok();
    }
}
