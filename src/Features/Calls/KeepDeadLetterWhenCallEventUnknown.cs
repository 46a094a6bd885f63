using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Calls;

/// <summary>An event of a type that this version does not know, from a newer voice app perhaps: kept rather than retried.</summary>
internal static class KeepDeadLetterWhenCallEventUnknown
{
    public sealed record Command(byte[] Envelope) : IRequest<Recorded>;

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Envelope).NotNull();
    }

    internal sealed class Handler(DeadLetters deadLetters) : IRequestHandler<Command, Recorded>
    {
        public async Task<Recorded> Handle(Command command, CancellationToken cancellationToken)
        {
            var (type, id) = Envelope.Identify(command.Envelope);
            await deadLetters.KeepAsync(DeadLetters.UnknownType, type, id, command.Envelope, cancellationToken);
            return Recorded.DeadLetter;
        }
    }

    public sealed class Subscription : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/events/calls/other", Handle)
            .TakesDeliveries(CallSubscription.ToOthers)
            .WithMetadata(new WholeEnvelope());
    }

    internal static async Task<Ok> Handle(Stream body, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(new Command(await Envelope.ReadAsync(body, cancellationToken)), cancellationToken);
        return TypedResults.Ok();
    }
}
