using System.ComponentModel;
using System.Text.Json.Nodes;
using Carter;
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
using Npgsql;
using NpgsqlTypes;

namespace KestrelVoice.Features.Calls;

internal static class ListCallLogs
{
    public sealed record Query(
        [property: FromQuery(Name = "limit"), Description("How many, 1 to 100; 20 when absent.")] string? Limit,
        [property: FromQuery(Name = "offset"), Description("How many to skip, up to 10,000. Go deeper with cursor.")] string? Offset,
        [property: FromQuery(Name = "cursor"), Description("The next_cursor of the page before; not together with offset.")] string? Cursor,
        [property: FromQuery(Name = "status"), Description("completed, in-progress or missed.")] string? Status,
        [property: FromQuery(Name = "outcome"), Description("What the call came to.")] string? Outcome,
        [property: FromQuery(Name = "bookable"), Description("true: only calls in which the receptionist could have booked.")] string? Bookable,
        [property: FromQuery(Name = "emergency"), Description("Whether an emergency was detected.")] string? Emergency,
        [property: FromQuery(Name = "recovered"), Description("Whether it was missed and the caller talked to within 24 hours.")] string? Recovered,
        [property: FromQuery(Name = "from_date"), Description("First day (YYYY-MM-DD, in the tenant's time zone) or instant (RFC 3339).")] string? FromDate,
        [property: FromQuery(Name = "to_date"), Description("Last day, included whole, or the instant before which calls came in.")] string? ToDate)
        : IRequest<Response>, IPagedQuery;

    public sealed record Response(IReadOnlyList<CallLogItem> Data, Pagination Pagination);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            this.RulePage();
            RuleFor(query => query.Status).Must(status => status is null || CallStatusText.All.Contains(status))
                .WithMessage("status is completed, in-progress or missed.");
            RuleFor(query => query.Outcome).Must(outcome => outcome is null || CallOutcomeText.All.Contains(outcome))
                .WithMessage($"outcome is one of {string.Join(", ", CallOutcomeText.All)}.");
            RuleFor(query => query.Outcome).Must((query, outcome) => outcome is null || query.Bookable is null).WithMessage("outcome excludes bookable.");
            RuleFor(query => query.Bookable).Must(bookable => bookable is null or "true").WithMessage("bookable is true, or absent.");
            RuleFor(query => query.Emergency).Must(emergency => emergency is null or "true" or "false").WithMessage("emergency is true or false.");
            RuleFor(query => query.Recovered).Must(recovered => recovered is null or "true" or "false").WithMessage("recovered is true or false.");
            RuleFor(query => query.FromDate).Must(date => DateBound.TryParse(date, out _))
                .WithMessage("from_date is a date (YYYY-MM-DD) or an RFC 3339 instant; + is written %2B.");
            RuleFor(query => query.ToDate).Must(date => DateBound.TryParse(date, out _))
                .WithMessage("to_date is a date (YYYY-MM-DD) or an RFC 3339 instant; + is written %2B.");
        }
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, PublicUrl publicUrl) : IRequestHandler<Query, Response>
    {
        // Infinite bounds keep this one statement with one plan, whichever filters are set.
        private static string Page(string since, string until, string kind) =>
            $"""
            select id, phone_number, status, duration, recording_sid is not null, transcript, created_at, direction, outcome, emergency
            from call_logs
            where tenant_id = $1 and created_at >= {since} and created_at < {until} {kind}
              and (created_at, id) < ($5, $6)
            order by created_at desc, id desc
            limit $7 offset $8
            """;

        private static string Count(string since, string until) => $"select count_calls($1, {since}, {until}, $4, $5, $6, $7)";

        // A filter that is not set is not in the statement, and one with few calls to its name is spelled as its index is.
        private static string Kind(Query query) => string.Concat(
            query.Status is null ? "" : "and status = $4 ",
            query.Outcome is null ? "" : "and outcome = $9 ",
            query.Bookable is null ? "" : "and outcome in ('message_taken', 'appointment_booked') ",
            query.Emergency switch { null => "", "true" => "and emergency ", _ => "and not emergency " },
            query.Recovered switch { null => "", "true" => "and recovered ", _ => "and not recovered " });

        public Task<Response> Handle(Query query, CancellationToken cancellationToken)
        {
            var page = Paging.Of(query);
            var from = DateBound.Parse(query.FromDate);
            var to = DateBound.Parse(query.ToDate);
            var since = from.Day is null ? "$2" : "local_midnight($1, $2)";
            var until = to.Day is null ? "$3" : "local_midnight($1, $3)";

            return database.ReadAsync(
                principal.TenantId,
                () =>
                [
                    new NpgsqlBatchCommand(Page(since, until, Kind(query)))
                    {
                        Parameters =
                        {
                            Tenant(), Bound(from, 0, DateTime.MinValue), Bound(to, 1, DateTime.MaxValue), Text(query.Status),
                            Instant(page.After.CreatedAt), new NpgsqlParameter<Guid> { TypedValue = page.After.Id },
                            new NpgsqlParameter<int> { TypedValue = page.Rows }, new NpgsqlParameter<int> { TypedValue = page.Offset },
                            Text(query.Outcome),
                        },
                    },
                    new NpgsqlBatchCommand(Count(since, until))
                    {
                        Parameters =
                        {
                            Tenant(), Bound(from, 0, DateTime.MinValue), Bound(to, 1, DateTime.MaxValue), Text(query.Status),
                            Outcomes(query), Flag(query.Emergency), Flag(query.Recovered),
                        },
                    },
                ],
                reader => ReadAsync(reader, page, cancellationToken),
                cancellationToken);
        }

        private async Task<Response> ReadAsync(NpgsqlDataReader reader, Paging page, CancellationToken cancellationToken)
        {
            var items = new List<CallLogItem>(page.Limit);
            var last = ListPosition.Top;
            var more = false;
            while (await reader.ReadAsync(cancellationToken))
            {
                if (items.Count == page.Limit)
                {
                    more = true;
                    continue;
                }
                var id = reader.GetGuid(0);
                last = new ListPosition(reader.GetDateTime(6), id);
                items.Add(Item(reader, TypeId.Format(TypeId.Call, id)));
            }
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            return new Response(items, page.Shown(reader.GetInt64(0), more ? last : null));
        }

        private CallLogItem Item(NpgsqlDataReader reader, string id) => new(
            id,
            reader.GetString(1),
            CallStatusText.Read(reader.GetString(2)),
            reader.GetInt32(3),
            reader.GetBoolean(4) ? CallLogItem.LinkToRecording(publicUrl, id) : null,
            reader.IsDBNull(5) ? null : reader.GetString(5),
            reader.GetDateTime(6),
            reader.GetString(7),
            reader.IsDBNull(8) ? null : CallOutcomeText.Read(reader.GetString(8)),
            reader.GetBoolean(9));

        private NpgsqlParameter<Guid> Tenant() => new() { TypedValue = principal.TenantId };

        private static NpgsqlParameter<string?> Text(string? text) => new() { TypedValue = text, NpgsqlDbType = NpgsqlDbType.Text };

        private static NpgsqlParameter Flag(string? flag) =>
            new() { Value = flag is null ? DBNull.Value : flag is "true", NpgsqlDbType = NpgsqlDbType.Boolean };

        private static NpgsqlParameter<string[]?> Outcomes(Query query) => new()
        {
            TypedValue = query.Bookable is not null ? CallOutcomeText.Bookable : query.Outcome is { } outcome ? [outcome] : null,
            NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        };

        private static NpgsqlParameter Bound(DateBound bound, int daysLater, DateTime open) => bound.Day is { } day
            ? new NpgsqlParameter<DateOnly> { TypedValue = day.AddDays(daysLater) }
            : Instant(bound.Instant ?? open);

        private static NpgsqlParameter<DateTime> Instant(DateTime at) =>
            new() { TypedValue = DateTime.SpecifyKind(at, DateTimeKind.Utc), NpgsqlDbType = NpgsqlDbType.TimestampTz };
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/call-logs", Handle)
            .WithQuery("limit", "offset", "cursor", "status", "outcome", "bookable", "emergency", "recovered", "from_date", "to_date")
            .WithName(nameof(ListCallLogs)).WithTags("Call logs").WithSummary("List call logs, newest first")
            .AddOpenApiOperationTransformer(Describe)
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Ok<Response>> Handle([AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        TypedResults.Ok(await mediator.Send(query, cancellationToken));

    // Read as text, so that a bad one is refused in the documented body; described as what it is.
    private static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            parameter.Schema = parameter.Name switch
            {
                "status" => OneOf(CallStatusText.All),
                "outcome" => OneOf(CallOutcomeText.All),
                "bookable" or "emergency" or "recovered" => new OpenApiSchema { Type = JsonSchemaType.Boolean },
                _ => Paging.SchemaOf(parameter.Name) ?? new OpenApiSchema { Type = JsonSchemaType.String },
            };
        return Task.CompletedTask;

        static OpenApiSchema OneOf(IEnumerable<string> words) =>
            new() { Type = JsonSchemaType.String, Enum = [.. words.Select(word => JsonValue.Create(word))] };
    }
}
