using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Delivery;
using KestrelVoice.Features.Webhooks.Endpoints;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Webhooks.Messages;

internal static class CancelWebhookMessage
{
    public sealed record Command(string Id, string MessageId) : IRequest<Outcome>;

    public enum Outcome
    {
        Cancelled,
        NotAllowed,
        NotFound,
        Finished,
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Id).Must(EndpointId.IsReceiver).WithMessage(EndpointId.ReceiverRule);
            RuleFor(command => command.MessageId).Must(MessageId.Is).WithMessage(MessageId.Rule);
        }
    }

    internal sealed class Handler(WebhookDispatch dispatch, Principal principal) : IRequestHandler<Command, Outcome>
    {
        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!WebhookManagers.Include(principal))
                return Outcome.NotAllowed;
            var (endpointId, messageId) = (EndpointId.Receiver(command.Id), TypeId.Parse(TypeId.WebhookMessage, command.MessageId));
            return await dispatch.CancelAsync(principal.TenantId, endpointId, messageId, cancellationToken) switch
            {
                WebhookDispatch.Cancelled.Now => Outcome.Cancelled,
                WebhookDispatch.Cancelled.NoSuchMessage => Outcome.NotFound,
                WebhookDispatch.Cancelled.Finished => Outcome.Finished,
                _ => throw new UnreachableException(),
            };
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/webhooks/{id}/messages/{message_id}/cancel", Handle)
            .WithName(nameof(CancelWebhookMessage)).WithTags("Webhook messages").WithSummary("Make no further attempt at a message")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        [Description("we_… or hook_…, or the bare UUID.")] string id, [Description("msg_… or the bare UUID.")] string message_id,
        IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id, message_id), cancellationToken) switch
        {
            Outcome.Cancelled => TypedResults.NoContent(),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.NotFound => WebhookManagers.NoMessage(),
            Outcome.Finished => Problems.Conflict("No further attempt would be made: the message was delivered, has failed, was cancelled before, or is a sandbox's."),
            _ => throw new UnreachableException(),
        };
}
