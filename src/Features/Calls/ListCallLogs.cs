using System.ComponentModel;
using System.Text.Json.Nodes;
using Carter;
using FluentValidation;
using KestrelVoice.Features.Kernel;
using MediatR;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.OpenApi;
using Npgsql;

namespace KestrelVoice.Features.Calls;

internal static class ListCallLogs
{
    private const int LargestOffset = int.MaxValue;

    public sealed record Query(
        [property: FromQuery(Name = "limit"), Description("How many, 1 to 100; 20 when absent.")] string? Limit,
        [property: FromQuery(Name = "offset"), Description("How many to skip: any place costs about the same.")] string? Offset,
        [property: FromQuery(Name = "cursor"), Description("The next_cursor of the page before; not together with offset.")] string? Cursor,
        [property: FromQuery(Name = "status"), Description("completed, in-progress or missed.")] string? Status,
        [property: FromQuery(Name = "outcome"), Description("What the call came to.")] string? Outcome,
        [property: FromQuery(Name = "bookable"), Description("true: only calls in which the receptionist could have booked.")] string? Bookable,
        [property: FromQuery(Name = "emergency"), Description("Whether an emergency was detected.")] string? Emergency,
        [property: FromQuery(Name = "recovered"), Description("Whether it was missed and the caller talked to within 24 hours.")] string? Recovered,
        [property: FromQuery(Name = "from_date"), Description("First day (YYYY-MM-DD, in the tenant's time zone) or instant (RFC 3339).")] string? FromDate,
        [property: FromQuery(Name = "to_date"), Description("Last day, included whole, or the instant before which calls came in.")] string? ToDate)
        : IRequest<WrittenJson<Response>>, IPagedQuery;

    public sealed record Response(IReadOnlyList<CallLogItem> Data, Pagination Pagination);

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            this.RulePage(LargestOffset);
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

    internal sealed class Handler(TenantDatabase database, Principal principal, PublicUrl publicUrl) : IRequestHandler<Query, WrittenJson<Response>>
    {
        public Task<WrittenJson<Response>> Handle(Query query, CancellationToken cancellationToken)
        {
            var page = Paging.Of(query);
            return database.ReadAsync(
                principal.TenantId,
                () => [CallSelection.Count(principal.TenantId, query), CallSelection.Page(principal.TenantId, query, page)],
                reader => WriteAsync(reader, page, cancellationToken),
                cancellationToken);
        }

        private async Task<WrittenJson<Response>> WriteAsync(NpgsqlDataReader reader, Paging page, CancellationToken cancellationToken)
        {
            await reader.ReadAsync(cancellationToken);
            var (version, total) = (reader.GetString(0), reader.GetInt64(1));
            await reader.NextResultAsync(cancellationToken);

            var scratch = JsonScratch.Rent();
            scratch.Json.WriteStartObject();
            scratch.Json.WriteStartArray("data");
            var (rows, last) = (0, ListPosition.Top);
            while (await reader.ReadAsync(cancellationToken))
            {
                if (++rows <= page.Limit)
                    last = CallLogRows.Write(scratch, reader, publicUrl);
            }
            scratch.Json.WriteEndArray();
            page.Shown(total, rows > page.Limit ? last : null).Write(scratch.Json);
            scratch.Json.WriteEndObject();
            return new WrittenJson<Response>(scratch, version);
        }
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/call-logs", Handle)
            .WithQuery("limit", "offset", "cursor", "status", "outcome", "bookable", "emergency", "recovered", "from_date", "to_date")
            .WithName(nameof(ListCallLogs)).WithTags("Call logs").WithSummary("List call logs, newest first")
            .AddOpenApiOperationTransformer(Describe)
            .WithEntityTag(CallVersion.Command)
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<WrittenJson<Response>> Handle([AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(query, cancellationToken);

    // Read as text, so that a bad one is refused in the documented body; described as what it is.
    private static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            parameter.Schema = parameter.Name switch
            {
                "status" => OneOf(CallStatusText.All),
                "outcome" => OneOf(CallOutcomeText.All),
                "bookable" or "emergency" or "recovered" => new OpenApiSchema { Type = JsonSchemaType.Boolean },
                _ => Paging.SchemaOf(parameter.Name, LargestOffset) ?? new OpenApiSchema { Type = JsonSchemaType.String },
            };
        return Task.CompletedTask;

        static OpenApiSchema OneOf(IEnumerable<string> words) =>
            new() { Type = JsonSchemaType.String, Enum = [.. words.Select(word => JsonValue.Create(word))] };
    }
}
