using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Carter;
using Dapper;
using FluentValidation;
using KestrelVoice.Features.Calls;
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

namespace KestrelVoice.Features.Analytics;

internal static class GetAnalytics
{
    private const int MostDays = 366;
    private const int MostDaysWithoutUpgrade = 30;

    private static readonly IReadOnlyDictionary<string, int> Ranges =
        new Dictionary<string, int>(StringComparer.Ordinal) { ["7d"] = 7, ["30d"] = 30, ["90d"] = 90 };

    private static readonly IReadOnlyList<string> Intervals = ["day", "week", "month"];

    public sealed record Query(
        [property: FromQuery(Name = "range"), Description("7d, 30d or 90d, today included; 7d when absent. More than 30 days need Business Plus.")] string? Range,
        [property: FromQuery(Name = "from_date"), Description("First day (YYYY-MM-DD, in the tenant's time zone); together with to_date, without range.")] string? FromDate,
        [property: FromQuery(Name = "to_date"), Description("Last day, included whole; at most 366 days in all.")] string? ToDate,
        [property: FromQuery(Name = "interval"), Description("day, week (from Monday) or month; day when absent.")] string? Interval)
        : IRequest<Outcome>;

    public abstract record Outcome
    {
        public sealed record Found(Response Analytics) : Outcome;

        public sealed record NotInPlan : Outcome;
    }

    public sealed record Response(CoveredRange Range, Figures Totals, IReadOnlyList<PeriodFigures> Series, [property: JsonIgnore] string Version) : IVersioned;

    public sealed record CoveredRange(
        [property: Description("First day.")] DateOnly From,
        [property: Description("Last day, included whole.")] DateOnly To,
        string Interval,
        [property: Description("The tenant's, an IANA name.")] string TimeZone);

    public record Figures(
        long TotalCalls,
        long CompletedCalls,
        long MissedCalls,
        [property: Description("Seconds, of completed calls; null when there were none.")] decimal? AverageDuration,
        [property: Description("Calls in which the receptionist could have booked.")] long BookableCalls,
        long BookedCalls,
        [property: Description("booked_calls / bookable_calls, 0 to 1; null when there were none.")] decimal? BookingRate,
        long EmergencyCalls,
        [property: Description("emergency_calls / total_calls, 0 to 1; null when there were none.")] decimal? EmergencyRate,
        [property: Description("Missed calls whose number was talked to within 24 hours.")] long RecoveredCalls,
        [property: Description("recovered_calls / missed_calls, 0 to 1; null when there were none.")] decimal? MissedCallRecoveryRate);

    public sealed record PeriodFigures : Figures
    {
        public PeriodFigures(DateOnly period, Figures figures)
            : base(figures) =>
            Period = period;

        [JsonPropertyOrder(-1), Description("The first day of the day, week or month, of which the range may cover a part.")]
        public DateOnly Period { get; }
    }

    internal sealed class Validator : AbstractValidator<Query>
    {
        public Validator()
        {
            RuleFor(query => query.Range).Must(range => range is null || Ranges.ContainsKey(range)).WithMessage("range is 7d, 30d or 90d.");
            RuleFor(query => query.Range).Must((query, range) => range is null || (query.FromDate ?? query.ToDate) is null)
                .WithMessage("range excludes from_date and to_date.");
            RuleFor(query => query.Interval).Must(interval => interval is null || Intervals.Contains(interval)).WithMessage("interval is day, week or month.");
            RuleFor(query => query.FromDate).Must(BeDay).WithMessage("from_date is a date (YYYY-MM-DD).");
            RuleFor(query => query.ToDate).Must(BeDay).WithMessage("to_date is a date (YYYY-MM-DD).");
            RuleFor(query => query.FromDate).Must((query, from) => from is not null || query.ToDate is null).WithMessage("from_date goes together with to_date.");
            RuleFor(query => query.ToDate).Must((query, to) => to is not null || query.FromDate is null).WithMessage("to_date goes together with from_date.");
            RuleFor(query => query.ToDate)
                .Must((query, to) => DaysOf(query) is >= 1 and <= MostDays)
                .When(query => query is { FromDate: not null, ToDate: not null } && BeDay(query.FromDate) && BeDay(query.ToDate))
                .WithMessage($"to_date is from_date or later, and at most {MostDays} days are covered.");
        }

        private static bool BeDay(string? text) => DateBound.TryParse(text, out var bound) && bound.Instant is null;
    }

    internal sealed class Handler(TenantDatabase database, Principal principal, TimeProvider clock) : IRequestHandler<Query, Outcome>
    {
        internal static readonly string Read =
            $"""
            select {Version("@TenantId", "@Now")} as version, time_zone, (@Now at time zone time_zone)::date::text as today from tenants where id = @TenantId;
            with range as materialized (
                select coalesce(@To::date, (@Now at time zone time_zone)::date) as last from tenants where id = @TenantId
            )
            select date_trunc(@Interval, days.day)::date::text as period,
                   coalesce(sum(total), 0)::bigint as total, coalesce(sum(completed), 0)::bigint as completed, coalesce(sum(missed), 0)::bigint as missed,
                   coalesce(sum(seconds), 0)::bigint as seconds, coalesce(sum(bookable), 0)::bigint as bookable,
                   coalesce(sum(booked), 0)::bigint as booked, coalesce(sum(emergency), 0)::bigint as emergency,
                   coalesce(sum(recovered), 0)::bigint as recovered
            from range
            cross join generate_series(0, @Days - 1) as back
            cross join lateral (select last - back as day) as days
            -- Of all the tenant's days only these are read.
            left join call_days on tenant_id = @TenantId and call_days.day = days.day
                and call_days.day between (select last from range) - (@Days - 1) and (select last from range)
            group by 1
            order by 1
            """;

        private sealed record TenantRow(string Version, string TimeZone, string Today);

        private sealed record Row(
            string Period, long Total, long Completed, long Missed, long Seconds, long Bookable, long Booked, long Emergency, long Recovered);

        public async Task<Outcome> Handle(Query query, CancellationToken cancellationToken)
        {
            var (interval, days) = (query.Interval ?? "day", DaysOf(query));
            if (days > MostDaysWithoutUpgrade && principal.Plan != Plan.BusinessPlus)
                return new Outcome.NotInPlan();
            return await database.ReadAsync(
                principal.TenantId, Read, new { Now = clock.GetUtcNow().UtcDateTime, Interval = interval, To = query.ToDate, Days = days },
                results => ReadAsync(results, query.ToDate, interval, days), cancellationToken);
        }

        private static async Task<Outcome> ReadAsync(SqlMapper.GridReader results, string? toDate, string interval, int days)
        {
            var tenant = await results.ReadSingleAsync<TenantRow>();
            var rows = (await results.ReadAsync<Row>()).AsList();
            var last = Day(toDate ?? tenant.Today);
            var totals = rows.Aggregate((sum, row) => new Row(
                "", sum.Total + row.Total, sum.Completed + row.Completed, sum.Missed + row.Missed, sum.Seconds + row.Seconds,
                sum.Bookable + row.Bookable, sum.Booked + row.Booked, sum.Emergency + row.Emergency, sum.Recovered + row.Recovered));
            return new Outcome.Found(new Response(
                new CoveredRange(last.AddDays(1 - days), last, interval, tenant.TimeZone),
                FiguresOf(totals),
                [.. rows.Select(row => new PeriodFigures(Day(row.Period), FiguresOf(row)))],
                tenant.Version));
        }

        private static Figures FiguresOf(Row row) => new(
            row.Total, row.Completed, row.Missed, Share(row.Seconds, row.Completed, digits: 1),
            row.Bookable, row.Booked, Share(row.Booked, row.Bookable, digits: 4),
            row.Emergency, Share(row.Emergency, row.Total, digits: 4),
            row.Recovered, Share(row.Recovered, row.Missed, digits: 4));

        private static decimal? Share(long part, long whole, int digits) =>
            whole == 0 ? null : Math.Round((decimal)part / whole, digits, MidpointRounding.AwayFromZero);
    }

    public sealed class Endpoint : ICarterModule
    {
        public void AddRoutes(IEndpointRouteBuilder app) => app
            .MapGet("/api/analytics", Handle)
            .WithQuery("range", "from_date", "to_date", "interval")
            .WithName(nameof(GetAnalytics)).WithTags("Analytics").WithSummary("Count calls, bookings, emergencies and recoveries by day, week or month")
            .ProducesProblem(StatusCodes.Status402PaymentRequired)
            .AddOpenApiOperationTransformer(Describe)
            .WithEntityTag(VersionCommand)
            .RequireAuthorization(Policies.Read);
    }

    internal static async Task<Results<Ok<Response>, ProblemHttpResult>> Handle(
        [AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(query, cancellationToken) switch
        {
            Outcome.Found(var analytics) => TypedResults.Ok(analytics),
            Outcome.NotInPlan => Problems.Upgrade(Plan.BusinessPlus, $"More than {MostDaysWithoutUpgrade} days of analytics need the plan Business Plus."),
            _ => throw new UnreachableException(),
        };

    // A range that ends today is another one tomorrow.
    private static string Version(string tenant, string now) => $"{CallVersion.Of(tenant)} || ' ' || ({now} at time zone time_zone)::date";

    private static NpgsqlBatchCommand VersionCommand(Guid tenantId, DateTimeOffset now) => new($"select {Version("$1", "$2")} from tenants where id = $1")
    {
        Parameters = { new NpgsqlParameter<Guid> { TypedValue = tenantId }, new NpgsqlParameter<DateTime> { TypedValue = now.UtcDateTime } },
    };

    private static int DaysOf(Query query) => query is { FromDate: { } from, ToDate: { } to }
        ? Day(to).DayNumber - Day(from).DayNumber + 1
        : Ranges[query.Range ?? "7d"];

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
            parameter.Schema = parameter.Name switch
            {
                "range" => OneOf(Ranges.Keys),
                "interval" => OneOf(Intervals),
                _ => new OpenApiSchema { Type = JsonSchemaType.String, Format = "date" },
            };
        return Task.CompletedTask;

        static OpenApiSchema OneOf(IEnumerable<string> words) =>
            new() { Type = JsonSchemaType.String, Enum = [.. words.Select(word => JsonValue.Create(word))] };
    }
}
