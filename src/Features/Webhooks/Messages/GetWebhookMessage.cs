using System.ComponentModel;
using System.Text.Json;
using Carter;
using Dapper;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Endpoints;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Webhooks.Messages;

internal static class GetWebhookMessage
{
    public sealed record Query(string Id, string MessageId) : IRequest<Response?>;

    internal sealed record Response(
        string Id, string Event, string EventId, bool Test, string State, int AttemptCount, DateTime? NextAttemptAt, int? LastStatus, string? LastError,
        DateTime CreatedAt, DateTime? FinishedAt,
        [property: Description("As in GET /api/events, and in the header kestrel-sequence; null for a test, which is no event of the tenant's.")] long? Sequence,
        [property: Description("What is sent; null once it is older than payloads are kept, or erased.")] JsonElement? Payload,
        [property: Description("In their order.")] IReadOnlyList<Attempt> Attempts)
        : WebhookMessageItem(Id, Event, EventId, Test, State, AttemptCount, NextAttemptAt, LastStatus, LastError, CreatedAt, FinishedAt);

    internal sealed record Attempt(
        int Number,
        [property: Description("Somebody asked for it.")] bool Manual,
        DateTime StartedAt,
        [property: Description("Null while it is under way, or when whoever made it did not live to tell.")] int? DurationMs,
        [property: Description("The HTTP status; null when there was none.")] int? Status,
        [property: Description("Why there was no status, in a word: timeout, dns, connect, tls, blocked_address ...")] string? Error,
        [property: Description("The beginning of the answer, up to 16 KB, when it was text.")] string? ResponseBody);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            RuleFor(query => query.Id).Must(EndpointId.IsReceiver).WithMessage(EndpointId.ReceiverRule);
            RuleFor(query => query.MessageId).Must(MessageId.Is).WithMessage(MessageId.Rule);
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Response?>
    {
        private const string Find =
            $"""
            select {WebhookMessageRow.Columns}
            from webhook_messages
            where tenant_id = @TenantId and endpoint_id = @EndpointId and id = @Id;
            select told.sequence, coalesce(message.payload, told.payload) as payload
            from webhook_messages message
            left join tenant_events told on told.tenant_id = message.tenant_id and told.id = message.event_id
            where message.tenant_id = @TenantId and message.id = @Id;
            select number, manual, started_at, duration_ms, status, error, response_body
            from webhook_attempts
            where tenant_id = @TenantId and message_id = @Id
            order by number
            """;

        private sealed record EventRow(long? Sequence, byte[]? Payload);

        public Task<Response?> Handle(Query query, CancellationToken cancellationToken) => database.ReadAsync(
            principal.TenantId, Find,
            new { EndpointId = EndpointId.Receiver(query.Id), Id = TypeId.Parse(TypeId.WebhookMessage, query.MessageId) },
            ReadAsync, cancellationToken);

        private static async Task<Response?> ReadAsync(SqlMapper.GridReader results)
        {
            if ((await results.ReadSingleOrDefaultAsync<WebhookMessageRow>())?.Shown() is not { } message)
                return null;
            var told = await results.ReadSingleAsync<EventRow>();
            var attempts = (await results.ReadAsync<Attempt>()).AsList();
            return new Response(
                message.Id, message.Event, message.EventId, message.Test, message.State, message.AttemptCount, message.NextAttemptAt, message.LastStatus,
                message.LastError, message.CreatedAt, message.FinishedAt,
                told.Sequence, told.Payload is null ? null : JsonElement.Parse(told.Payload), attempts);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/webhooks/{id}/messages/{message_id}", Handle)
            .WithName(nameof(GetWebhookMessage)).WithTags("Webhook messages").WithSummary("Read one message with its payload and attempts")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        [Description("we_… or hook_…, or the bare UUID.")] string id, [Description("msg_… or the bare UUID.")] string message_id,
        IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(new Query(id, message_id), cancellationToken) is { } found
            ? TypedResults.Ok(found)
            : WebhookManagers.NoMessage();
}
