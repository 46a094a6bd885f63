using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Serialization;
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

internal static class ResendFailedWebhookMessages
{
    private const int MostAtOnce = 10_000;

    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record Range(
        [property: Description("The instant (RFC 3339) from which on they were created.")] string Since,
        [property: Description("The instant before which they were; now when absent.")] string? Until = null);

    public sealed record Command(string Id, string Since, string? Until) : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Resent(Response Result) : Outcome;
        internal sealed record NotAllowed : Outcome;
        internal sealed record NotFound : Outcome;
    }

    internal sealed record Response(
        [property: Description("How many are sent once more, oldest first. When it is 10,000, ask again once they are sent.")] int Count);

    internal sealed class Validator : AbstractValidator<Command>
    {
        public Validator()
        {
            RuleFor(command => command.Id).Must(EndpointId.IsReceiver).WithMessage(EndpointId.ReceiverRule);
            RuleFor(command => command.Since).Must(IsInstant).WithMessage("since is an RFC 3339 instant, such as 2026-03-01T00:00:00Z.");
            RuleFor(command => command.Until).Must(until => until is null || IsInstant(until))
                .WithMessage("until is an RFC 3339 instant, such as 2026-03-02T00:00:00Z.");
        }

        private static bool IsInstant(string? text) => DateBound.TryParse(text, out var bound) && bound.Instant is not null;
    }

    internal sealed class Handler(TenantDatabase database, WebhookDispatch dispatch, Principal principal) : IRequestHandler<Command, Outcome>
    {
        private const string Exists = "select count(*) from webhook_endpoints where tenant_id = @TenantId and id = @Id";

        public async Task<Outcome> Handle(Command command, CancellationToken cancellationToken)
        {
            if (!WebhookManagers.Include(principal))
                return new Outcome.NotAllowed();

            var id = EndpointId.Receiver(command.Id);
            if (await database.ReadAsync(principal.TenantId, Exists, new { Id = id }, results => results.ReadSingleAsync<long>(), cancellationToken) == 0)
                return new Outcome.NotFound();
            var since = DateBound.Parse(command.Since).Instant!.Value;
            var until = DateBound.Parse(command.Until).Instant;
            return new Outcome.Resent(new Response(
                await dispatch.ResendFailedAsync(principal.TenantId, id, since, until, MostAtOnce, cancellationToken)));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapPost("/api/webhooks/{id}/resend-failed", Handle)
            .WithName(nameof(ResendFailedWebhookMessages)).WithTags("Webhook messages").WithSummary("Send once more what has failed since")
            .RequireAuthorization(Policies.Integrate);
    }

    internal static async Task<Results<Accepted<Response>, ProblemHttpResult>> Handle(
        [Description("we_… or hook_…, or the bare UUID.")] string id, Range range, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Command(id, range.Since, range.Until), cancellationToken) switch
        {
            Outcome.Resent(var result) => TypedResults.Accepted((string?)null, result),
            Outcome.NotAllowed => WebhookManagers.Refusal(),
            Outcome.NotFound => WebhookManagers.NotFound(),
            _ => throw new UnreachableException(),
        };
}
