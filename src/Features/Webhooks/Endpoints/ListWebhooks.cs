using System.ComponentModel;
using Carter;
using Dapper;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Webhooks.Delivery;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Webhooks.Endpoints;

internal static class ListWebhooks
{
    public sealed record Query(
        [property: FromQuery(Name = "limit"), Description("How many, 1 to 100; 20 when absent.")] string? Limit,
        [property: FromQuery(Name = "offset"), Description("How many to skip.")] string? Offset,
        [property: FromQuery(Name = "cursor"), Description("The next_cursor of the page before; not together with offset.")] string? Cursor)
        : IRequest<Response>, IPagedQuery;

    internal sealed record Response(IReadOnlyList<WebhookEndpointItem> Data, Pagination Pagination);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => this.RulePage();
    }

    internal sealed class Handler(
        TenantDatabase database, Principal principal, IOptions<DeliverySettings> options, TimeProvider clock) : IRequestHandler<Query, Response>
    {
        private const string Page =
            $"""
            select {WebhookEndpointRow.Columns}
            from webhook_endpoints
            where tenant_id = @TenantId and kind = 'endpoint' and (created_at, id) < (@AfterTime, @AfterId)
            order by created_at desc, id desc
            limit @Limit offset @Offset;
            select count(*) from webhook_endpoints where tenant_id = @TenantId and kind = 'endpoint'
            """;

        public Task<Response> Handle(Query query, CancellationToken cancellationToken)
        {
            var page = Paging.Of(query);
            return database.ReadAsync(
                principal.TenantId, Page,
                new { AfterTime = page.After.CreatedAt, AfterId = page.After.Id, Limit = page.Rows, page.Offset },
                results => ReadAsync(results, page), cancellationToken);
        }

        private async Task<Response> ReadAsync(SqlMapper.GridReader results, Paging page)
        {
            var rows = (await results.ReadAsync<WebhookEndpointRow>()).AsList();
            var total = await results.ReadSingleAsync<long>();
            var now = clock.GetUtcNow();
            return new Response(
                [.. rows.Take(page.Limit).Select(row => row.Shown(now, options.Value.DisableAfter))],
                page.Shown(total, page.LastOf(rows, row => new(row.CreatedAt, row.Id))));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/webhooks", Handle)
            .WithQuery("limit", "offset", "cursor")
            .AddOpenApiOperationTransformer(Paging.DescribeAsync)
            .WithName(nameof(ListWebhooks)).WithTags("Webhooks").WithSummary("List webhook endpoints, newest first, without their secrets")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Ok<Response>> Handle([AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(query, cancellationToken));
}
