using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dapper;
using KestrelVoice.Features.Analytics;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Kernel;
using Npgsql;

namespace KestrelVoice.Features.Tests.Calls;

/// <summary>How many pages each hot query touches, as the app's role behind the wall and with the plans that it keeps: no noise, so no excuse.</summary>
public sealed partial class HotQueryPagesTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private const int Few = 10_000;
    private const int Many = 1_000_000;

    /// <summary>A B-tree of a million rows is a level or two higher than one of ten thousand: once for each index that a query descends.</summary>
    private const int Higher = 8;

    /// <summary>Calls of several kinds are found by their ids: 21 descents.</summary>
    private const int HigherForEach = Higher + 2 * 21;

    /// <summary>Counters of a place or a range are some years, a year's months, a month's days, a day's hours and an hour's quarters: longer rows on a few more pages.</summary>
    private const int Counters = 30;

    private static readonly DateTime Newest = new(2026, 3, 4, 12, 0, 0, DateTimeKind.Utc);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_read_touches_more_pages_of_a_million_calls_than_of_ten_thousand()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Hears("How can I help?"), call.Says("My sink drips."), call.Ended());
        await using var owner = await app.Owner.OpenConnectionAsync(Token);
        var id = await owner.QuerySingleAsync<Guid>("select id from call_logs where tenant_id = @Id", new { tenant.Id });

        await Grow(owner, tenant, Few, every: Many / Few);
        var few = await PagesOfEveryRead(tenant, id, Few);
        await Grow(owner, tenant, Many, every: 1);
        var many = await PagesOfEveryRead(tenant, id, Many);

        foreach (var (read, (pages, _)) in many)
            TestContext.Current.TestOutputHelper?.WriteLine($"{read}: {few[read].Pages} pages, {pages} at a million");
        many.Where(read => read.Value.Pages > few[read.Key].Pages + read.Value.MayGrow).Select(read => $"{read.Key}: {read.Value.Pages}").ShouldBeEmpty();
        many.Values.ShouldAllBe(read => read.Pages > 0);
    }

    private async Task<Dictionary<string, (long Pages, int MayGrow)>> PagesOfEveryRead(TestTenant tenant, Guid call, int calls)
    {
        await using var source = NpgsqlDataSource.Create(app.Database.App + ";Options=-c plan_cache_mode=force_generic_plan");
        await using var connection = await source.OpenConnectionAsync(Token);
        await connection.ExecuteAsync("select set_config('app.tenant_id', @Id::text, false)", new { tenant.Id });
        var middle = new ListPosition(Newest.AddDays(-400), call).ToString();
        var pages = new Dictionary<string, (long Pages, int MayGrow)>(StringComparer.Ordinal);
        (string Name, ListCallLogs.Query Query)[] lists =
        [
            ("first page", Ask()),
            ("deep cursor", Ask(cursor: middle)),
            ("offset", Ask(offset: calls * 9L / 10)),
            ("offset of missed", Ask(offset: calls / 8L, status: "missed")),
            ("status", Ask(status: "missed")),
            ("status, deep", Ask(status: "completed", cursor: middle)),
            ("outcome", Ask(outcome: "voicemail")),
            ("outcome, deep", Ask(outcome: "failed", cursor: middle)),
            ("outcome that never was", Ask(outcome: "escalated")),
            ("bookable", Ask(bookable: "true")),
            ("emergency", Ask(emergency: "true")),
            ("no emergency", Ask(emergency: "false")),
            ("recovered", Ask(recovered: "true")),
            ("missed emergency", Ask(status: "missed", emergency: "true")),
            ("recovered emergency", Ask(emergency: "true", recovered: "true")),
            ("voicemail and no emergency", Ask(outcome: "voicemail", emergency: "false")),
            ("in progress and an emergency", Ask(status: "in-progress", emergency: "true")),
            ("dates", Ask(from: "2025-01-01", to: "2025-06-30")),
            ("dates and outcome", Ask(outcome: "voicemail", from: "2025-01-01", to: "2025-06-30")),
        ];
        foreach (var (name, query) in lists)
        {
            pages.Add(name, (
                await PagesOf(connection, CallSelection.Page(tenant.Id, query, Paging.Of(query))),
                query.Offset is not null ? Counters : CallSelection.HasAnIndex(query) ? Higher : HigherForEach));
            pages.Add($"total of {name}", (
                await PagesOf(connection, CallSelection.Count(tenant.Id, query)), query.FromDate is not null ? Counters : Higher));
        }
        pages.Add("version", (await PagesOf(connection, CallVersion.Command(tenant.Id, Newest)), Higher));
        foreach (var (number, statement) in GetCallLog.Handler.Find.Split(';').Index())
            pages.Add($"detail {number}", (await PagesOf(connection, Positional(statement, ("TenantId", tenant.Id), ("Id", call))), Higher));
        foreach (var (number, command) in GetAnalytics.Handler.Commands(tenant.Id, new("90d", null, null, null), Newest).Index())
            pages.Add($"analytics of 90 days {number}", (await PagesOf(connection, command), Higher));
        return pages;
    }

    private static ListCallLogs.Query Ask(
        long? offset = null, string? cursor = null, string? status = null, string? outcome = null, string? bookable = null,
        string? emergency = null, string? recovered = null, string? from = null, string? to = null) =>
        new(null, offset?.ToString(CultureInfo.InvariantCulture), cursor, status, outcome, bookable, emergency, recovered, from, to);

    private static async Task<long> PagesOf(NpgsqlConnection connection, NpgsqlBatchCommand command)
    {
        var parameters = command.Parameters.Cast<NpgsqlParameter>().ToList();
        var types = parameters.Count == 0 ? "" : $"({string.Join(", ", parameters.Select(parameter => TypeOf(parameter.Value)))})";
        var values = parameters.Count == 0 ? "" : $"({string.Join(", ", parameters.Select(parameter => Literal(parameter.Value)))})";
        await connection.ExecuteAsync($"prepare hot {types} as {command.CommandText}");
        // The first run plans, compiles functions, and reads the catalogue for it.
        await connection.ExecuteAsync($"explain (analyze) execute hot {values}");
        var plan = await connection.QuerySingleAsync<string>($"explain (analyze, buffers, format json) execute hot {values}");
        await connection.ExecuteAsync("deallocate hot");
        var root = JsonElement.Parse(plan)[0].GetProperty("Plan");
        return root.GetProperty("Shared Hit Blocks").GetInt64() + root.GetProperty("Shared Read Blocks").GetInt64();
    }

    private static NpgsqlBatchCommand Positional(string statement, params (string Name, object Value)[] values)
    {
        var command = new NpgsqlBatchCommand();
        command.CommandText = Named().Replace(statement, name =>
        {
            var value = values.Single(candidate => candidate.Name == name.Groups[1].Value).Value;
            command.Parameters.Add(new NpgsqlParameter { Value = value });
            return $"${command.Parameters.Count}";
        });
        return command;
    }

    private static string TypeOf(object? value) => value switch
    {
        Guid => "uuid",
        int => "integer",
        long => "bigint",
        DateTime => "timestamptz",
        DateOnly => "date",
        string[] => "text[]",
        _ => "text",
    };

    private static string Literal(object? value) => value switch
    {
        DateTime at => $"'{at:O}'",
        DateOnly day => $"'{day:yyyy-MM-dd}'",
        string[] texts => $"'{{{string.Join(',', texts)}}}'",
        _ => string.Create(CultureInfo.InvariantCulture, $"'{value}'"),
    };

    /// <summary>Every so many'th of a million calls of two years that is not there yet. Rows first, then what is made of them: a tenth of the time.</summary>
    private static async Task Grow(NpgsqlConnection owner, TestTenant tenant, int calls, int every)
    {
        var indexes = (await owner.QueryAsync<(string Name, string Definition)>(
            """
            select indexrelid::regclass::text, pg_get_indexdef(indexrelid)
            from pg_index
            where indrelid = 'call_logs'::regclass and not exists (select from pg_constraint where conindid = indexrelid)
            """)).AsList();
        await owner.ExecuteAsync(new CommandDefinition(
            $"""
            begin;
            alter table call_logs disable trigger all;
            {string.Concat(indexes.Select(index => $"drop index {index.Name};\n"))}
            insert into call_logs (tenant_id, id, call_sid, phone_number, dialed_number, direction, status, outcome, emergency, recovered, duration, created_at)
            select @Id, lpad(to_hex(n), 32, '0')::uuid, 'CA' || n, '', '', 'inbound', status, outcome, n / 100 % 10 = 0, status = 'missed' and n % 3 = 0, n % 300,
                @Newest - n * interval '63 seconds'
            from generate_series(@every, {Many}, @every) as n
            cross join lateral (select case when n % 7 = 0 then 'missed' else 'completed' end as status) as one
            cross join lateral (select case when n % 7 <> 0 then (array['message_taken', 'transferred', 'voicemail', 'appointment_booked'])[1 + n / 100 % 4]
                when n % 10000 = 0 then 'failed' else (array['abandoned', 'no_answer'])[1 + n / 700 % 2] end as outcome) as two
            where @every > 1 or n % ({Many / Few}) <> 0;
            {string.Concat(indexes.Select(index => index.Definition + ";\n"))}
            alter table call_logs enable trigger all;
            delete from call_counts;
            -- As if they had come one after the other.
            insert into call_counts select * from counted_call_counts order by tenant_id, grain, bucket;
            delete from call_days;
            insert into call_days select * from counted_call_days order by 1, 2;
            commit
            """, new { tenant.Id, Newest, every }, commandTimeout: 600));
        foreach (var table in new[] { "call_logs", "call_counts", "call_kinds", "call_days", "call_versions" })
            await owner.ExecuteAsync($"vacuum analyze {table}", commandTimeout: 600);
        (await owner.QuerySingleAsync<long>("select count(*) from call_logs where tenant_id = @Id", new { tenant.Id })).ShouldBe(calls + 1);
    }

    [GeneratedRegex("@([A-Za-z]+)")]
    private static partial Regex Named();
}
