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

namespace KestrelVoice.Features.Audit;

internal static class ListAuditLog
{
    public sealed record Query(
        [property: FromQuery(Name = "limit"), Description("How many, 1 to 100; 20 when absent.")] string? Limit,
        [property: FromQuery(Name = "offset"), Description("How many to skip.")] string? Offset,
        [property: FromQuery(Name = "cursor"), Description("The next_cursor of the page before; not together with offset.")] string? Cursor)
        : IRequest<Response>, IPagedQuery;

    internal sealed record Response(IReadOnlyList<Item> Data, Pagination Pagination);

    internal sealed record Item(
        string Id, DateTime CreatedAt, Actor Actor,
        [property: Description("Such as member.changed.")] string Action,
        [property: Description("The id of what it was done to.")] string Target,
        string? Detail);

    internal sealed record Actor(
        [property: Description("member, api_key, or system for what happens by itself.")] string Kind,
        [property: Description("The member's user id, the API key's key_… id, or system.")] string Id,
        [property: Description("The member's address at that time; null for anything else.")] string? Email);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator() => this.RulePage();
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Response>
    {
        private const string Page =
            """
            select id, created_at, actor_kind, actor_id, email, action, target, detail
            from audit_log
            where tenant_id = @TenantId and (created_at, id) < (@AfterTime, @AfterId)
            order by created_at desc, id desc
            limit @Limit offset @Offset;
            select count(*) from audit_log where tenant_id = @TenantId
            """;

        private sealed record Row(
            Guid Id, DateTime CreatedAt, string ActorKind, Guid ActorId, string? Email, string Action, string Target, string? Detail)
        {
            public Item ToItem() => new(
                TypeId.Format(TypeId.Audit, Id), CreatedAt,
                new Actor(ActorKind, ActorIdText, Email), Action, Target, Detail);

            private string ActorIdText => ActorKind switch
            {
                "member" => ActorId.ToString(),
                "api_key" => TypeId.Format(TypeId.ApiKey, ActorId),
                _ => ActorKind,
            };
        }

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
            return new Response(
                [.. rows.Take(page.Limit).Select(row => row.ToItem())], page.Shown(total, page.LastOf(rows, row => new(row.CreatedAt, row.Id))));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/audit-log", Handle)
            .WithQuery("limit", "offset", "cursor")
            .WithName(nameof(ListAuditLog)).WithTags("Audit log").WithSummary("Read who did what, newest first")
            .RequireAuthorization(Policies.Manage);
    }

    internal static async Task<Ok<Response>> Handle([AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(query, cancellationToken));
}
