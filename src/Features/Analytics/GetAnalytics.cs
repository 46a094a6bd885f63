using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Carter;
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
        public sealed record Found(WrittenJson<Response> Analytics) : Outcome;

        public sealed record NotInPlan : Outcome;
    }

    public sealed record Response(CoveredRange Range, Figures Totals, IReadOnlyList<PeriodFigures> Series);

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
        private static readonly string Tenant =
            $"select {Version("$1", "$2")}, time_zone, ($2 at time zone time_zone)::date from tenants where id = $1";

        private const string CountedDays =
            $"select {DayCounts.Columns} from call_days where tenant_id = $1 and day between $2 and $3";

        public async Task<Outcome> Handle(Query query, CancellationToken cancellationToken) =>
            DaysOf(query) > MostDaysWithoutUpgrade && principal.Plan != Plan.BusinessPlus
                ? new Outcome.NotInPlan()
                : new Outcome.Found(await database.ReadAsync(
                    principal.TenantId, () => Commands(principal.TenantId, query, clock.GetUtcNow().UtcDateTime), reader => WriteAsync(reader, query, cancellationToken),
                    cancellationToken));

        /// <summary>The version is read before the days, so that it is not newer.</summary>
        internal static IEnumerable<NpgsqlBatchCommand> Commands(Guid tenantId, Query query, DateTime now)
        {
            // Nowhere is today more than a day from what it is in UTC: cheaper than to find out before.
            var (today, slack) = query.ToDate is { } to ? (Day(to), 0) : (DateOnly.FromDateTime(now), 1);
            return
            [
                new NpgsqlBatchCommand(Tenant)
                {
                    Parameters = { new NpgsqlParameter<Guid> { TypedValue = tenantId }, new NpgsqlParameter<DateTime> { TypedValue = now } },
                },
                new NpgsqlBatchCommand(CountedDays)
                {
                    Parameters =
                    {
                        new NpgsqlParameter<Guid> { TypedValue = tenantId },
                        new NpgsqlParameter<DateOnly> { TypedValue = today.AddDays(1 - DaysOf(query) - slack) },
                        new NpgsqlParameter<DateOnly> { TypedValue = today.AddDays(slack) },
                    },
                },
            ];
        }

        private static async Task<WrittenJson<Response>> WriteAsync(NpgsqlDataReader reader, Query query, CancellationToken cancellationToken)
        {
            await reader.ReadAsync(cancellationToken);
            var (version, timeZone, today) = (reader.GetString(0), reader.GetString(1), reader.GetFieldValue<DateOnly>(2));
            await reader.NextResultAsync(cancellationToken);

            var days = new DayCounts[DaysOf(query)];
            var last = query.ToDate is { } to ? Day(to) : today;
            var first = last.AddDays(1 - days.Length);
            while (await reader.ReadAsync(cancellationToken))
            {
                var day = DayCounts.DayOf(reader).DayNumber - first.DayNumber;
                if (day >= 0 && day < days.Length)
                    days[day] = DayCounts.Read(reader);
            }
            var scratch = JsonScratch.Rent();
            AnalyticsJson.Write(scratch.Json, first, days, query.Interval ?? "day", timeZone);
            return new WrittenJson<Response>(scratch, version);
        }
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

    internal static async Task<Results<WrittenJson<Response>, ProblemHttpResult>> Handle(
        [AsParameters] Query query, IMediator mediator, CancellationToken cancellationToken) =>
        await mediator.Send(query, cancellationToken) switch
        {
            Outcome.Found(var analytics) => analytics,
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
