using System.Text.Json.Serialization;
using Carter;
using Dapr;
using Dapr.Workflow;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Texts;

internal static class SendTextWhenWaiting
{
    public sealed record Command(
        [property: JsonRequired] Guid TenantId,
        [property: JsonRequired] Guid TextId) : IRequest<Outcome>;

    public enum Outcome
    {
        Begun,
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.TenantId).NotEmpty();
            RuleFor(command => command.TextId).NotEmpty();
        }
    }

    internal sealed class Handler(DaprWorkflowClient workflows) : IRequestHandler<Command, Outcome>
    {
        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            await workflows.BeginOnceAsync(
                nameof(SendTextWorkflow), SendTextWorkflow.InstanceOf(command.TextId),
                new SendTextWorkflow.Input(command.TenantId, command.TextId, Round: 0), cancellationToken);
            return Outcome.Begun;
        }
    }

    public sealed class Subscription : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/events/texts", Handle)
            .TakesDeliveries(new TopicOptions { PubsubName = Components.PubSub, Name = Topics.Texts, DeadLetterTopic = Topics.HostDead });
    }

    internal static async Task<Ok> Handle(Command command, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(command, cancellationToken);
        return TypedResults.Ok();
    }
}
