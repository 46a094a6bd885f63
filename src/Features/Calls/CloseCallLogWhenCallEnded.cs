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

internal static class CloseCallLogWhenCallEnded
{
    public sealed record Command(CallEnded Event) : IRequest<Recorded>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Event).NotNull().SetValidator(new CallEventRules());
            RuleFor(command => command.Event.CallStatus).Must(CallEventRules.BeText).MaximumLength(64);
            RuleFor(command => command.Event.DurationSeconds).GreaterThanOrEqualTo(0);
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
            .MapPost("/events/calls/ended", Handle)
            .TakesDeliveries(CallSubscription.To(CallEventTypes.Ended, priority: 7));
    }

    internal static async Task<Ok> Handle(CallEnded callEvent, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(new Command(callEvent), cancellationToken);
        return TypedResults.Ok();
    }
}
