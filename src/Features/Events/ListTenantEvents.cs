using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Carter;
using Dapper;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace KestrelVoice.Features.Events;

internal static class ListTenantEvents
{
    public sealed record Query(
        [property: FromQuery(Name = "after"), Description("A sequence, or the evt_ id of an event; what comes after it. From the beginning when absent.")] string? After,
        [property: FromQuery(Name = "event"), Description("One type only. Without it the sequence has no gaps.")] string? Event,
        [property: FromQuery(Name = "limit"), Description("How many, 1 to 100; 20 when absent.")] string? Limit)
        : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Found(Response Page) : Outcome;
        internal sealed record NoSuchEvent : Outcome;
    }

    internal sealed record Response(
        [property: Description("In the order of their sequence.")] IReadOnlyList<Item> Data,
        [property: Description("What to ask with next.")] long After,
        [property: Description("Of the tenant's newest event; 0 when there is none.")] long LatestSequence);

    internal sealed record Item(
        [property: Description("1, 2, 3 ...: the tenant's events in the order in which they came about, without gaps.")] long Sequence,
        string Event,
        DateTime Timestamp,
        [property: Description("TypeID, evt_ + 26 characters; the webhook-id of its deliveries.")] string Id,
        [property: Description("As it was delivered; null once it is older than payloads are kept, or erased.")] JsonElement? Data,
        [property: Description("What it was about has been erased: only that there was an event is left.")] bool Erased);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            RuleFor(query => query.After).Must(after => after is null || TrySequence(after, out _) || TypeId.TryParse(TypeId.Event, after, out _))
                .WithMessage("after is a sequence, or an event's id: evt_ and 26 characters, or a UUID.");
            RuleFor(query => query.Event).Must(type => type is null || TenantEventTypes.All.Contains(type))
                .WithMessage($"event is one of {string.Join(", ", TenantEventTypes.All)}.");
            RuleFor(query => query.Limit).Must(limit => limit is null || Paging.TryCount(limit, 1, Paging.LargestLimit, out _))
                .WithMessage($"limit is a whole number from 1 to {Paging.LargestLimit}.");
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Outcome>
    {
        // Numbers become visible in their order, so what was the latest before the page was read is covered by the page.
        private const string Read =
            """
            select coalesce(max(last), 0) from tenant_event_counters where tenant_id = @TenantId;
            select coalesce(@AfterSequence, (select sequence from tenant_events where tenant_id = @TenantId and id = @AfterId));
            select sequence, id, type, occurred_at, payload, erased_at is not null as erased
            from tenant_events
            where tenant_id = @TenantId and (@Event::text is null or type = @Event)
              and sequence > coalesce(@AfterSequence, (select sequence from tenant_events where tenant_id = @TenantId and id = @AfterId))
            order by sequence
            limit @Limit
            """;

        private sealed record Row(long Sequence, Guid Id, string Type, DateTime OccurredAt, byte[]? Payload, bool Erased);

        public Task<Outcome> Handle(Query query, CancellationToken cancellationToken)
        {
            var limit = query.Limit is null ? Paging.DefaultLimit : int.Parse(query.Limit, CultureInfo.InvariantCulture);
            var after = query.After is null ? 0L : TrySequence(query.After, out var sequence) ? sequence : (long?)null;
            Guid? afterId = after is null ? TypeId.Parse(TypeId.Event, query.After!) : null;
            return database.ReadAsync(
                principal.TenantId, Read, new { AfterSequence = after, AfterId = afterId, query.Event, Limit = limit },
                results => ReadAsync(results, limit), cancellationToken);
        }

        private static async Task<Outcome> ReadAsync(SqlMapper.GridReader results, int limit)
        {
            var latest = await results.ReadSingleAsync<long>();
            if (await results.ReadSingleAsync<long?>() is not { } after)
                return new Outcome.NoSuchEvent();
            var rows = (await results.ReadAsync<Row>()).AsList();
            var last = rows is [] ? after : rows[^1].Sequence;
            // Others may have come while the page was read.
            latest = Math.Max(latest, rows is [] ? 0 : last);
            return new Outcome.Found(new Response(
                [
                    .. rows.Select(row => new Item(
                        row.Sequence, row.Type, row.OccurredAt, TypeId.Format(TypeId.Event, row.Id), DataOf(row.Payload), row.Erased)),
                ],
                rows.Count == limit ? last : Math.Max(last, latest), latest));
        }

        private static JsonElement? DataOf(byte[]? payload) => payload is null ? null : JsonElement.Parse(payload).GetProperty("data");
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/events", Handle)
            .WithQuery("after", "event", "limit")
            .WithName(nameof(ListTenantEvents)).WithTags("Events").WithSummary("Read the stream of events, oldest first and without gaps")
            .AddOpenApiOperationTransformer(Describe)
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        [AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(query, cancellationToken) switch
        {
            Outcome.Found(var page) => TypedResults.Ok(page),
            Outcome.NoSuchEvent => Problems.Invalid("after", "after is the id of no event here."),
            _ => throw new UnreachableException(),
        };

    private static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            parameter.Schema = parameter.Name is "event"
                ? new OpenApiSchema { Type = JsonSchemaType.String, Enum = [.. TenantEventTypes.All.Select(type => JsonValue.Create(type))] }
                : Paging.SchemaOf(parameter.Name) ?? new OpenApiSchema { Type = JsonSchemaType.String };
        return Task.CompletedTask;
    }

    private static bool TrySequence(string text, out long sequence) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out sequence);
}
