using System.ComponentModel;
using System.Text.Json.Nodes;
using Carter;
using Dapper;
using FluentValidation;
using KestrelVoice.Features.Events;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Endpoints;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;

namespace KestrelVoice.Features.Webhooks.Messages;

internal static class ListWebhookMessages
{
    public sealed record Query(
        [property: FromRoute(Name = "id"), Description("we_… or hook_…, or the bare UUID.")] string Id,
        [property: FromQuery(Name = "limit"), Description("How many, 1 to 100; 20 when absent.")] string? Limit,
        [property: FromQuery(Name = "offset"), Description("How many to skip, up to 10,000. Go deeper with cursor.")] string? Offset,
        [property: FromQuery(Name = "cursor"), Description("The next_cursor of the page before; not together with offset.")] string? Cursor,
        [property: FromQuery(Name = "state"), Description("pending, retrying, delivered, failed, cancelled or withheld.")] string? State,
        [property: FromQuery(Name = "event"), Description("One type of event only.")] string? Event,
        [property: FromQuery(Name = "from_date"), Description("First day (YYYY-MM-DD, in the tenant's time zone) or instant (RFC 3339).")] string? FromDate,
        [property: FromQuery(Name = "to_date"), Description("Last day, included whole, or the instant before which they were created.")] string? ToDate)
        : IRequest<Response?>, IPagedQuery;

    internal sealed record Response(IReadOnlyList<WebhookMessageItem> Data, Pagination Pagination);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            this.RulePage();
            RuleFor(query => query.Id).Must(EndpointId.IsReceiver).WithMessage(EndpointId.ReceiverRule);
            RuleFor(query => query.State).Must(state => state is null || MessageStates.All.Contains(state))
                .WithMessage($"state is one of {string.Join(", ", MessageStates.All)}.");
            RuleFor(query => query.Event).Must(type => type is null || TenantEventTypes.All.Contains(type))
                .WithMessage($"event is one of {string.Join(", ", TenantEventTypes.All)}.");
            RuleFor(query => query.FromDate).Must(date => DateBound.TryParse(date, out _))
                .WithMessage("from_date is a date (YYYY-MM-DD) or an RFC 3339 instant; + is written %2B.");
            RuleFor(query => query.ToDate).Must(date => DateBound.TryParse(date, out _))
                .WithMessage("to_date is a date (YYYY-MM-DD) or an RFC 3339 instant; + is written %2B.");
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Response?>
    {
        private const string Matching =
            """
            tenant_id = @TenantId and endpoint_id = @EndpointId
              and (@State::text is null or state = @State) and (@Event::text is null or event_type = @Event)
              and created_at >= coalesce(local_midnight(@TenantId, @FromDay), @From, '-infinity')
              and created_at < coalesce(local_midnight(@TenantId, @ToDay), @To, 'infinity')
            """;

        private const string Page =
            $"""
            select count(*) from webhook_endpoints where tenant_id = @TenantId and id = @EndpointId;
            select {WebhookMessageRow.Columns}
            from webhook_messages
            where {Matching} and (created_at, id) < (@AfterTime, @AfterId)
            order by created_at desc, id desc
            limit @Limit offset @Offset;
            select count(*) from webhook_messages where {Matching}
            """;

        public Task<Response?> Handle(Query query, CancellationToken cancellationToken)
        {
            var page = Paging.Of(query);
            var (from, to) = (DateBound.Parse(query.FromDate), DateBound.Parse(query.ToDate));
            return database.ReadAsync(
                principal.TenantId, Page,
                new
                {
                    EndpointId = EndpointId.Receiver(query.Id),
                    query.State,
                    query.Event,
                    FromDay = from.Day,
                    From = from.Instant,
                    ToDay = to.Day?.AddDays(1),
                    To = to.Instant,
                    AfterTime = page.After.CreatedAt,
                    AfterId = page.After.Id,
                    Limit = page.Rows,
                    page.Offset,
                },
                results => ReadAsync(results, page), cancellationToken);
        }

        private static async Task<Response?> ReadAsync(SqlMapper.GridReader results, Paging page)
        {
            if (await results.ReadSingleAsync<long>() == 0)
                return null;
            var rows = (await results.ReadAsync<WebhookMessageRow>()).AsList();
            var total = await results.ReadSingleAsync<long>();
            return new Response(
                [.. rows.Take(page.Limit).Select(row => row.Shown())], page.Shown(total, page.LastOf(rows, row => new(row.CreatedAt, row.Id))));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/webhooks/{id}/messages", Handle)
            .WithQuery("limit", "offset", "cursor", "state", "event", "from_date", "to_date")
            .WithName(nameof(ListWebhookMessages)).WithTags("Webhook messages").WithSummary("List what was sent to an endpoint or hook, newest first")
            .AddOpenApiOperationTransformer(Describe)
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        [AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(query, cancellationToken) is { } found ? TypedResults.Ok(found) : WebhookManagers.NotFound();

    private static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            parameter.Schema = parameter.Name switch
            {
                "state" => OneOf(MessageStates.All),
                "event" => OneOf(TenantEventTypes.All),
                _ => Paging.SchemaOf(parameter.Name) ?? new OpenApiSchema { Type = JsonSchemaType.String },
            };
        return Task.CompletedTask;
    }

    private static OpenApiSchema OneOf(IReadOnlyList<string> words) =>
        new() { Type = JsonSchemaType.String, Enum = [.. words.Select(word => JsonValue.Create(word))] };
}
