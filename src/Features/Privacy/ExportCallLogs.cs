using System.ComponentModel;
using System.Runtime.CompilerServices;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Audit;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace KestrelVoice.Features.Privacy;

internal static class ExportCallLogs
{
    public sealed record Query(
        [property: FromQuery(Name = "from_date"), Description("First day (YYYY-MM-DD, in the tenant's time zone) or instant (RFC 3339).")] string? FromDate,
        [property: FromQuery(Name = "to_date"), Description("Last day, included whole, or the instant before which calls came in.")] string? ToDate)
        : IRequest<IAsyncEnumerable<IReadOnlyList<CallLogItem>>>;

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            RuleFor(query => query.FromDate).Must(date => DateBound.TryParse(date, out _))
                .WithMessage("from_date is a date (YYYY-MM-DD) or an RFC 3339 instant; + is written %2B.");
            RuleFor(query => query.ToDate).Must(date => DateBound.TryParse(date, out _))
                .WithMessage("to_date is a date (YYYY-MM-DD) or an RFC 3339 instant; + is written %2B.");
        }
    }

    internal sealed class Handler(TenantDatabase database, AuditLog audit, Principal principal, PublicUrl publicUrl)
        : IRequestHandler<Query, IAsyncEnumerable<IReadOnlyList<CallLogItem>>>
    {
        private const int Page = 500;

        private const string FindPage =
            """
            select id, phone_number, status, duration, recording_sid is not null as recorded, transcript, created_at, direction, outcome, emergency
            from call_logs
            where tenant_id = @TenantId and (created_at, id) < (@AfterTime, @AfterId)
              and created_at >= coalesce(@Since::timestamptz, local_midnight(@TenantId, @FirstDay::date), '-infinity')
              and created_at < coalesce(@Until::timestamptz, local_midnight(@TenantId, @DayAfter::date), 'infinity')
            order by created_at desc, id desc
            limit @Page
            """;

        private sealed record Row(
            Guid Id, string PhoneNumber, string Status, int Duration, bool Recorded, string? Transcript, DateTime CreatedAt, string Direction,
            string? Outcome, bool Emergency);

        public async Task<IAsyncEnumerable<IReadOnlyList<CallLogItem>>> Handle(Query query, CancellationToken cancellationToken)
        {
            await using var transaction = await database.BeginAsync(principal.TenantId, cancellationToken);
            await audit.AddAsync(
                transaction, AuditActions.CallsExported, TypeId.Format(TypeId.Tenant, principal.TenantId),
                $"{query.FromDate ?? "the first"} to {query.ToDate ?? "the last"}", cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return PagesAsync(DateBound.Parse(query.FromDate), DateBound.Parse(query.ToDate), cancellationToken);
        }

        // Newest first, as the list; what comes in meanwhile is newer than where this began.
        private async IAsyncEnumerable<IReadOnlyList<CallLogItem>> PagesAsync(
            DateBound from, DateBound to, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            var after = ListPosition.Top;
            while (true)
            {
                var rows = await database.ReadAsync(
                    principal.TenantId, FindPage,
                    new
                    {
                        AfterTime = after.CreatedAt,
                        AfterId = after.Id,
                        Since = from.Instant,
                        FirstDay = from.Day?.ToString("O", null),
                        Until = to.Instant,
                        DayAfter = to.Day?.AddDays(1).ToString("O", null),
                        Page,
                    },
                    async results => (await results.ReadAsync<Row>()).ToList(), cancellationToken);
                if (rows is not [])
                    yield return [.. rows.Select(Shown)];
                if (rows.Count < Page)
                    yield break;
                after = new ListPosition(rows[^1].CreatedAt, rows[^1].Id);
            }
        }

        private CallLogItem Shown(Row row)
        {
            var id = TypeId.Format(TypeId.Call, row.Id);
            return new CallLogItem(
                id, row.PhoneNumber, CallStatusText.Read(row.Status), row.Duration, row.Recorded ? CallLogItem.LinkToRecording(publicUrl, id) : null,
                row.Transcript, row.CreatedAt, row.Direction, row.Outcome is null ? null : CallOutcomeText.Read(row.Outcome), row.Emergency);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/export/call-logs", Handle)
            .WithQuery("from_date", "to_date")
            .WithName(nameof(ExportCallLogs)).WithTags("Privacy").WithSummary("Read all call logs, newest first, a line of JSON each")
            // To be read as it comes, which for generated clients means bytes.
            .Produces<Stream>(StatusCodes.Status200OK, JsonLines<CallLogItem>.ContentType)
            .RequireAuthorization(Policies.Export);
    }

    internal static async Task<JsonLines<CallLogItem>> Handle([AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        new(await mediator.Send(query, cancellationToken));
}
