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

namespace KestrelVoice.Features.Appointments;

internal static class ListAppointments
{
    private static readonly string[] Statuses = ["scheduled", "completed", "cancelled"];

    public sealed record Query(
        [property: FromQuery(Name = "limit"), Description("How many, 1 to 100; 20 when absent.")] string? Limit,
        [property: FromQuery(Name = "offset"), Description("How many to skip, up to 10,000. Go deeper with cursor.")] string? Offset,
        [property: FromQuery(Name = "cursor"), Description("The next_cursor of the page before; not together with offset.")] string? Cursor,
        [property: FromQuery(Name = "status"), Description("scheduled, completed or cancelled.")] string? Status,
        [property: FromQuery(Name = "from_date"), Description("First day on which they begin (YYYY-MM-DD, in the tenant's time zone) or instant (RFC 3339).")] string? FromDate,
        [property: FromQuery(Name = "to_date"), Description("Last day, included whole, or the instant before which they begin.")] string? ToDate)
        : IRequest<Response>, IPagedQuery;

    public sealed record Response(IReadOnlyList<AppointmentItem> Data, Pagination Pagination);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            this.RulePage();
            RuleFor(query => query.Status).Must(status => status is null || Statuses.Contains(status))
                .WithMessage("status is scheduled, completed or cancelled.");
            RuleFor(query => query.FromDate).Must(date => DateBound.TryParse(date, out _))
                .WithMessage("from_date is a date (YYYY-MM-DD) or an RFC 3339 instant; + is written %2B.");
            RuleFor(query => query.ToDate).Must(date => DateBound.TryParse(date, out _))
                .WithMessage("to_date is a date (YYYY-MM-DD) or an RFC 3339 instant; + is written %2B.");
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal) : IRequestHandler<Query, Response>
    {
        private const string Matching =
            """
            a.tenant_id = @TenantId and a.status <> 'held' and (@Status::text is null or a.status = @Status)
              and a.starts_at >= coalesce(@Since::timestamptz, local_midnight(@TenantId, @FirstDay::date), '-infinity')
              and a.starts_at < coalesce(@Until::timestamptz, local_midnight(@TenantId, @DayAfter::date), 'infinity')
            """;

        private const string Page =
            $"""
            {AppointmentRow.Select}
            where {Matching} and (a.starts_at, a.id) < (@AfterTime, @AfterId)
            order by a.starts_at desc, a.id desc
            limit @Rows offset @Offset;
            select count(*) from appointments a where {Matching}
            """;

        public Task<Response> Handle(Query query, CancellationToken cancellationToken)
        {
            var page = Paging.Of(query);
            var from = DateBound.Parse(query.FromDate);
            var to = DateBound.Parse(query.ToDate);
            return database.ReadAsync(
                principal.TenantId,
                Page,
                new
                {
                    query.Status,
                    Since = from.Instant,
                    FirstDay = from.Day?.ToString("O", null),
                    Until = to.Instant,
                    DayAfter = to.Day?.AddDays(1).ToString("O", null),
                    AfterTime = page.After.CreatedAt,
                    AfterId = page.After.Id,
                    page.Rows,
                    page.Offset,
                },
                results => ReadAsync(results, page),
                cancellationToken);
        }

        private static async Task<Response> ReadAsync(SqlMapper.GridReader results, Paging page)
        {
            var rows = (await results.ReadAsync<AppointmentRow>()).AsList();
            var total = await results.ReadSingleAsync<long>();
            var last = page.LastOf(rows, row => new ListPosition(row.StartsAt, row.Id));
            return new Response([.. rows.Take(page.Limit).Select(row => row.Shown())], page.Shown(total, last));
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/appointments", Handle)
            .WithQuery("limit", "offset", "cursor", "status", "from_date", "to_date")
            .WithName(nameof(ListAppointments)).WithTags("Appointments").WithSummary("List appointments, the latest to begin first")
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Ok<Response>> Handle([AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(query, cancellationToken));
}
