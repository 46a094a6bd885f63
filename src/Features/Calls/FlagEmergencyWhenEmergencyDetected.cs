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

internal static class FlagEmergencyWhenEmergencyDetected
{
    public sealed record Command(EmergencyDetected Event) : IRequest<Recorded>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Event).NotNull().SetValidator(new CallEventRules());
            RuleFor(command => command.Event.Phrase).Must(CallEventRules.BeStorable).MaximumLength(CallEventRules.LongestText);
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
            .MapPost("/events/calls/emergency", Handle)
            .TakesDeliveries(CallSubscription.To(CallEventTypes.Emergency, priority: 3));
    }

    internal static async Task<Ok> Handle(EmergencyDetected callEvent, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(new Command(callEvent), cancellationToken);
        return TypedResults.Ok();
    }
}
