using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
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
    private const int DefaultLimit = 20;
    private const int LargestLimit = 100;
    private const int LargestOffset = 10_000;

    public sealed record Query(
        [property: FromQuery(Name = "limit"), Description("How many, 1 to 100; 20 when absent.")] string? Limit,
        [property: FromQuery(Name = "offset"), Description("How many to skip.")] string? Offset,
        [property: FromQuery(Name = "cursor"), Description("The next_cursor of the page before; not together with offset.")] string? Cursor)
        : IRequest<Outcome>;

    public abstract record Outcome
    {
        private Outcome() { }

        internal sealed record Found(Response Page) : Outcome;
        internal sealed record NotAllowed : Outcome;
    }

    internal sealed record Response(IReadOnlyList<ApiKeyItem> Data, Pagination Pagination);

    internal sealed record Pagination(
        [property: Description("All keys, revoked ones too.")] long Total,
        int Limit,
        [property: Description("Null on a page that was reached by cursor.")] int? Offset,
        [property: Description("Null on the last page.")] string? NextCursor);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            RuleFor(query => query.Limit).Must(limit => limit is null || TryCount(limit, 1, LargestLimit, out _))
                .WithMessage($"limit is a whole number from 1 to {LargestLimit}.");
            RuleFor(query => query.Offset).Must(offset => offset is null || TryCount(offset, 0, LargestOffset, out _))
                .WithMessage($"offset is a whole number from 0 to {LargestOffset}.");
            RuleFor(query => query.Cursor).Must((query, cursor) => cursor is null || query.Offset is null)
                .WithMessage("cursor and offset exclude each other.");
            RuleFor(query => query.Cursor).Must(cursor => cursor is null || TypeId.TryParse(TypeId.ApiKey, cursor, out _))
                .WithMessage("cursor is not one that this list gave out.");
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Outcome>
    {
        private const string Page =
            """
            select id, name, array_to_string(scopes, ' ') as scopes, prefix, last4, created_at, last_used_at, expires_at, revoked_at
            from api_keys
            where tenant_id = @TenantId and (@After::uuid is null or (created_at, id) <
                (select created_at, id from api_keys where tenant_id = @TenantId and id = @After))
            order by created_at desc, id desc
            limit @Limit offset @Offset;
            select count(*) from api_keys where tenant_id = @TenantId
            """;

        private sealed record Row(
            Guid Id, string Name, string Scopes, string Prefix, string Last4, DateTime CreatedAt, DateTime? LastUsedAt,
            DateTime? ExpiresAt, DateTime? RevokedAt);

        public async Task<Outcome> Handle(Query query, CancellationToken cancellationToken)
        {
            if (!KeyManagers.Include(principal))
                return new Outcome.NotAllowed();

            var limit = query.Limit is null ? DefaultLimit : int.Parse(query.Limit, CultureInfo.InvariantCulture);
            var offset = query.Offset is null ? 0 : int.Parse(query.Offset, CultureInfo.InvariantCulture);
            Guid? after = TypeId.TryParse(TypeId.ApiKey, query.Cursor, out var id) ? id : null;
            // One more than asked for tells whether there is a next page.
            return await database.ReadAsync(
                principal.TenantId, Page, new { After = after, Limit = limit + 1, Offset = offset },
                results => ReadAsync(results, limit, query.Cursor is null ? offset : null), cancellationToken);
        }

        private static async Task<Outcome> ReadAsync(SqlMapper.GridReader results, int limit, int? offset)
        {
            var rows = (await results.ReadAsync<Row>()).AsList();
            var total = await results.ReadSingleAsync<long>();
            var items = rows.Take(limit).Select(row => new ApiKeyItem(
                TypeId.Format(TypeId.ApiKey, row.Id), row.Name, row.Scopes.Split(' '), row.Prefix, row.Last4, row.CreatedAt, row.LastUsedAt,
                row.ExpiresAt, row.RevokedAt)).ToList();
            return new Outcome.Found(new Response(
                items, new Pagination(total, limit, offset, rows.Count > limit ? items[^1].Id : null)));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/api-keys", Handle)
            .WithQuery("limit", "offset", "cursor")
            .WithName(nameof(ListApiKeys)).WithTags("API keys").WithSummary("List API keys, newest first, without the keys themselves")
            .RequireAuthorization(Policies.Member);
    }

    internal static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        [AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(query, cancellationToken) switch
        {
            Outcome.Found(var page) => TypedResults.Ok(page),
            Outcome.NotAllowed => Problems.Of(StatusCodes.Status403Forbidden, Problems.Forbidden, KeyManagers.Refusal),
            _ => throw new UnreachableException(),
        };

    private static bool TryCount(string text, int least, int most, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) && count >= least && count <= most;
}
