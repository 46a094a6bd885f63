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

internal static class ResendWebhookMessage
{
    public sealed record Command(string Id, string MessageId) : IRequest<Outcome>;

    public enum Outcome
    {
        Resent,
        NotAllowed,
        NotFound,
        NothingToSend,
        Withheld,
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
            return await dispatch.ResendAsync(principal.TenantId, endpointId, messageId, cancellationToken) switch
            {
                WebhookDispatch.Resent.Now => Outcome.Resent,
                WebhookDispatch.Resent.NoSuchMessage => Outcome.NotFound,
                WebhookDispatch.Resent.PayloadExpired => Outcome.NothingToSend,
                WebhookDispatch.Resent.Withheld => Outcome.Withheld,
                _ => throw new UnreachableException(),
            };
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/webhooks/{id}/messages/{message_id}/resend", Handle)
            .WithName(nameof(ResendWebhookMessage)).WithTags("Webhook messages").WithSummary("Send a message once more, whatever its state")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Accepted, ProblemHttpResult>> Handle(
        [Description("we_… or hook_…, or the bare UUID.")] string id, [Description("msg_… or the bare UUID.")] string message_id,
        IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id, message_id), cancellationToken) switch
        {
            Outcome.Resent => TypedResults.Accepted($"/api/webhooks/{id}/messages/{message_id}"),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.NotFound => WebhookManagers.NoMessage(),
            Outcome.NothingToSend => Problems.Conflict("The payload is older than payloads are kept, or was erased, so there is nothing to send."),
            Outcome.Withheld => Problems.Conflict("A sandbox sends nothing; the message shows what a live tenant would have sent."),
            _ => throw new UnreachableException(),
        };
}
