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

internal static class AddTurnWhenTurnSpoken
{
    public sealed record Command(TurnSpoken Event) : IRequest<Recorded>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Event).NotNull().SetValidator(new CallEventRules());
            RuleFor(command => command.Event.Text).Must(CallEventRules.BeStorable).MaximumLength(CallEventRules.LongestText);
            RuleFor(command => command.Event.Speaker).IsInEnum();
            RuleFor(command => command.Event.Confidence).InclusiveBetween(0, 1);
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
            .MapPost("/events/calls/turn", Handle)
            .TakesDeliveries(CallSubscription.To(CallEventTypes.Turn, priority: 2));
    }

    internal static async Task<Ok> Handle(TurnSpoken callEvent, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(new Command(callEvent), cancellationToken);
        return TypedResults.Ok();
    }
}
