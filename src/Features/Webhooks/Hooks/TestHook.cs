using System.ComponentModel;
using System.Diagnostics;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Delivery;
using KestrelVoice.Features.Webhooks.Endpoints;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Webhooks.Hooks;

internal static class TestHook
{
    public sealed record Command(string Id) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Sent(TestMessage Message) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record NotFound : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator() => RuleFor(command => command.Id).Must(HookId.Is).WithMessage(HookId.Rule);
    }

    internal sealed class Handler(TenantDatabase database, WebhookDispatch dispatch, Principal principal, PublicUrl publicUrl, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Find = "select events[1] from webhook_endpoints where tenant_id = @TenantId and id = @Id and kind = 'hook'";

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!WebhookManagers.Include(principal))
                return new Outcome.NotAllowed();

            var id = TypeId.Parse(TypeId.Hook, command.Id);
            var type = await database.ReadAsync(
                principal.TenantId, Find, new { Id = id }, results => results.ReadSingleOrDefaultAsync<string?>(), cancellationToken);
            if (type is null)
                return new Outcome.NotFound();
            var data = EventSamples.DataOf(type, clock.GetUtcNow(), publicUrl);
            return await dispatch.SendTestAsync(principal.TenantId, id, type, data, cancellationToken) is { } messageId
                ? new Outcome.Sent(TestMessage.Of(TypeId.Format(TypeId.Hook, id), messageId, type))
                : new Outcome.NotFound();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/hooks/{id}/test", Handle)
            .WithName(nameof(TestHook)).WithTags("REST hooks").WithSummary("Post a made-up event to the target, once")
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Accepted<TestMessage>, ProblemHttpResult>> Handle(
        [Description("hook_… or the bare UUID.")] string id, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id), cancellationToken) switch
        {
            Outcome.Sent(var message) => TypedResults.Accepted(message.Url, message),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.NotFound => Problems.NotFound("There is no such hook."),
            _ => throw new UnreachableException(),
        };
}
