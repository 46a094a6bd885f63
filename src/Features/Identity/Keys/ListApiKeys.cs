using System.ComponentModel;
using Carter;
using Dapper;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Identity.Keys;

internal static class ListApiKeys
{
    public sealed record Query(
        [property: FromQuery(Name = "limit"), Description("How many, 1 to 100; 20 when absent.")] string? Limit,
        [property: FromQuery(Name = "offset"), Description("How many to skip.")] string? Offset,
        [property: FromQuery(Name = "cursor"), Description("The next_cursor of the page before; not together with offset.")] string? Cursor)
        : IRequest<Response>, IPagedQuery;

    internal sealed record Response(IReadOnlyList<ApiKeyItem> Data, Pagination Pagination);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => this.RulePage();
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Response>
    {
        private const string Page =
            """
            select id, name, mode, array_to_string(scopes, ' ') as scopes, prefix, last4, created_at, last_used_at, expires_at, revoked_at
            from api_keys
            where tenant_id = @TenantId and (created_at, id) < (@AfterTime, @AfterId)
            order by created_at desc, id desc
            limit @Limit offset @Offset;
            select count(*) from api_keys where tenant_id = @TenantId
            """;

        private sealed record Row(
            Guid Id, string Name, string Mode, string Scopes, string Prefix, string Last4, DateTime CreatedAt, DateTime? LastUsedAt,
            DateTime? ExpiresAt, DateTime? RevokedAt);

        public Task<Response> Handle(Query query, CancellationToken cancellationToken)
        {
            var page = Paging.Of(query);
            return database.ReadAsync(
                principal.TenantId, Page,
                new { AfterTime = page.After.CreatedAt, AfterId = page.After.Id, Limit = page.Rows, page.Offset },
                results => ReadAsync(results, page), cancellationToken);
        }

        private static async Task<Response> ReadAsync(SqlMapper.GridReader results, Paging page)
        {
            var rows = (await results.ReadAsync<Row>()).AsList();
            var total = await results.ReadSingleAsync<long>();
            var items = rows.Take(page.Limit).Select(row => new ApiKeyItem(
                TypeId.Format(TypeId.ApiKey, row.Id), row.Name, ModeNames.Read(row.Mode), row.Scopes.Split(' '), row.Prefix, row.Last4, row.CreatedAt,
                row.LastUsedAt, row.ExpiresAt, row.RevokedAt)).ToList();
            return new Response(items, page.Shown(total, page.LastOf(rows, row => new(row.CreatedAt, row.Id))));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/api-keys", Handle)
            .WithQuery("limit", "offset", "cursor")
            .AddOpenApiOperationTransformer(Paging.DescribeAsync)
            .WithName(nameof(ListApiKeys)).WithTags("API keys").WithSummary("List API keys of both modes, newest first, without the keys themselves")
            .RequireAuthorization(Policies.Manage);
    }

    internal static async Task<Ok<Response>> Handle([AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(query, cancellationToken));
}
