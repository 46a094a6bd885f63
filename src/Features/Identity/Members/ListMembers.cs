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

namespace KestrelVoice.Features.Identity.Members;

internal static class ListMembers
{
    public sealed record Query(
        [property: FromQuery(Name = "limit"), Description("How many, 1 to 100; 20 when absent.")] string? Limit,
        [property: FromQuery(Name = "offset"), Description("How many to skip.")] string? Offset,
        [property: FromQuery(Name = "cursor"), Description("The next_cursor of the page before; not together with offset.")] string? Cursor)
        : IRequest<Response>, IPagedQuery;

    internal sealed record Response(IReadOnlyList<MemberItem> Data, Pagination Pagination);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => this.RulePage();
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Response>
    {
        private const string Page =
            """
            select m.user_id, coalesce(u.email, m.email) as email, m.role, m.created_at
            from members m
            left join identity.users u on u.id = m.user_id
            where m.tenant_id = @TenantId and (m.created_at, m.user_id) < (@AfterTime, @AfterId)
            order by m.created_at desc, m.user_id desc
            limit @Limit offset @Offset;
            select count(*) from members where tenant_id = @TenantId
            """;

        private sealed record Row(Guid UserId, string? Email, string Role, DateTime CreatedAt);

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
            var items = rows.Take(page.Limit).Select(row => new MemberItem(row.UserId.ToString(), row.Email, row.Role, row.CreatedAt)).ToList();
            return new Response(items, page.Shown(total, page.LastOf(rows, row => new(row.CreatedAt, row.UserId))));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/members", Handle)
            .WithQuery("limit", "offset", "cursor")
            .WithName(nameof(ListMembers)).WithTags("Members").WithSummary("List who may sign in to the tenant, newest first")
            .RequireAuthorization(Policies.Member);
    }

    internal static async Task<Ok<Response>> Handle([AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(query, cancellationToken));
}
