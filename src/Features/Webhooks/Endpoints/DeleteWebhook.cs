using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Webhooks.Endpoints;

internal static class DeleteWebhook
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Deleted : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record NotFound : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(EndpointId.IsEndpoint).WithMessage(EndpointId.Rule);
    }

    internal sealed class Handler(EndpointRemoval removal, Principal principal) : IRequestHandler<Command, Outcome>
    {
        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!WebhookManagers.Include(principal))
                return new Outcome.NotAllowed();

            var id = TypeId.Parse(TypeId.WebhookEndpoint, command.Id);
            return await removal.RemoveAsync(principal.TenantId, id, "endpoint", cancellationToken) ? new Outcome.Deleted() : new Outcome.NotFound();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapDelete("/api/webhooks/{id}", Handle)
            .WithName(nameof(DeleteWebhook)).WithTags("Webhooks").WithSummary("Delete a webhook endpoint, with its messages")
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        [Description("we_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Deleted => TypedResults.NoContent(),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.NotFound => WebhookManagers.NotFound(),
            _ => throw new UnreachableException(),
        };
}
