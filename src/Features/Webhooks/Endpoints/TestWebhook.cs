using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Delivery;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Webhooks.Endpoints;

internal static class TestWebhook
{
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Choice([property: Description("What it is to look like; the first that the endpoint is told about when absent.")] string? Event = null);

    public sealed record Command(string Id, string? Event) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Sent(TestMessage Message) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record NotFound : Outcome;
    }

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Id).Must(EndpointId.IsEndpoint).WithMessage(EndpointId.Rule);
            RuleFor(command => command.Event).Must(type => type is null || TenantEventTypes.All.Contains(type))
                .WithMessage($"event is one of {string.Join(", ", TenantEventTypes.All)}.");
        }
    }

    internal sealed class Handler(TenantDatabase database, WebhookDispatch dispatch, Principal principal, PublicUrl publicUrl, TimeProvider clock)
        : IRequestHandler<Command, Outcome>
    {
        private const string Find = "select events[1] from webhook_endpoints where tenant_id = @TenantId and id = @Id and kind = 'endpoint'";

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!WebhookManagers.Include(principal))
                return new Outcome.NotAllowed();

            var id = TypeId.Parse(TypeId.WebhookEndpoint, command.Id);
            var first = await database.ReadAsync(
                principal.TenantId, Find, new { Id = id }, results => results.ReadSingleOrDefaultAsync<string?>(), cancellationToken);
            if (first is null)
                return new Outcome.NotFound();
            var type = command.Event ?? first;
            var data = EventSamples.DataOf(type, clock.GetUtcNow(), publicUrl);
            return await dispatch.SendTestAsync(principal.TenantId, id, type, data, cancellationToken) is { } messageId
                ? new Outcome.Sent(TestMessage.Of(TypeId.Format(TypeId.WebhookEndpoint, id), messageId, type))
                : new Outcome.NotFound();
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/webhooks/{id}/test", Handle)
            .WithName(nameof(TestWebhook)).WithTags("Webhooks").WithSummary("Send a made-up event, once, whatever the endpoint's state")
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Accepted<TestMessage>, ProblemHttpResult>> Handle(
        [Description("we_… or the bare UUID.")] string id, Choice? choice, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id, choice?.Event), cancellationToken) switch
        {
            Outcome.Sent(var message) => TypedResults.Accepted(message.Url, message),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.NotFound => WebhookManagers.NotFound(),
            _ => throw new UnreachableException(),
        };
}
