using System.ComponentModel;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Endpoints;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Webhooks.Hooks;

internal static class DeleteHook
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public enum Outcome
    {
        Gone,
        NotAllowed,
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(HookId.Is).WithMessage(HookId.Rule);
    }

    internal sealed class Handler(EndpointRemoval removal, Principal principal) : IRequestHandler<Command, Outcome>
    {
        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!WebhookManagers.Include(principal))
                return Outcome.NotAllowed;

            await removal.RemoveAsync(principal.TenantId, TypeId.Parse(TypeId.Hook, command.Id), "hook", cancellationToken);
            return Outcome.Gone;
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapDelete("/api/hooks/{id}", Handle)
            .WithName(nameof(DeleteHook)).WithTags("REST hooks").WithSummary("Unsubscribe; fine when it is gone already")
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Handle(
        [Description("hook_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) is Outcome.Gone ? TypedResults.NoContent() : WebhookManagers.Refusal();
}
