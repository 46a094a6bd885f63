using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Calls;

/// <summary>The end of the line for an event that no handler could take: nothing about its content may make this fail.</summary>
internal static class KeepDeadLetterWhenEventUndeliverable
{
    /// <summary>What a sidecar delivers at most.</summary>
    private const long LargestMessage = 4 * 1024 * 1024 + 64 * 1024;

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
            await deadLetters.KeepAsync(DeadLetters.Undeliverable, type, id, command.Envelope, cancellationToken);
            return Recorded.DeadLetter;
        }
    }

    public sealed class Subscription : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app)
        {
            foreach (var (route, topic) in new[] { ("/events/calls-dead", CallSubscription.ToDeadLetters), ("/events/host-dead", CallSubscription.ToHostDeadLetters) })
            {
                app.MapPost(route, Handle)
                    .TakesDeliveries(topic)
                    .WithMetadata(new WholeEnvelope(), new RequestSizeLimitAttribute(LargestMessage));
            }
        }
    }

    internal static async Task<Ok> Handle(Stream body, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(new Command(await Envelope.ReadAsync(body, cancellationToken)), cancellationToken);
        return TypedResults.Ok();
    }
}
