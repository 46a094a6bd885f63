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

namespace KestrelVoice.Features.Privacy;

internal static class EraseCallsWhenErasureBegun
{
    public sealed record Command(
        [property: JsonRequired] Guid TenantId,
        [property: JsonRequired] Guid ErasureId) : IRequest<Outcome>;

    public enum Outcome
    {
        Begun,
        UnderWay,
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.TenantId).NotEmpty();
            RuleFor(command => command.ErasureId).NotEmpty();
        }
    }

    internal sealed class Handler(DaprWorkflowClient workflows) : IRequestHandler<Command, Outcome>
    {
        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            return await workflows.BeginOnceAsync(
                nameof(EraseCallsWorkflow), EraseCallsWorkflow.InstanceOf(command.ErasureId),
                new EraseCallsWorkflow.Input(command.TenantId, command.ErasureId), cancellationToken) ? Outcome.Begun : Outcome.UnderWay;
        }
    }

    public sealed class Subscription : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/events/erasures/calls", Handle)
            .TakesDeliveries(new TopicOptions { PubsubName = Components.PubSub, Name = Topics.Erasures, DeadLetterTopic = Topics.HostDead });
    }

    internal static async Task<Ok> Handle(Command command, IMediator mediator, CancellationToken cancellationToken)
    {
        await mediator.Send(command, cancellationToken);
        return TypedResults.Ok();
    }
}
