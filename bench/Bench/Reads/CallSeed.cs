using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using KestrelVoice.Contracts;
using Npgsql;

namespace KestrelVoice.Bench.Reads;

/// <summary>
/// Three years of one tenant's calls, however many: the same span, kinds and times of day at every size, so that sizes differ in nothing else.
/// Written past the triggers, which would take hours; what they keep is counted afterwards, by the definitions of their own scripts, and checked.
/// </summary>
internal sealed class CallSeed(NpgsqlDataSource source, Guid tenantId, long calls)
{
    /// <summary>So many of the newest have all their events, as the detail reads them. Those before have one each, or ten million calls would take 100 GB.</summary>
    public const int CallsWithEveryEvent = 100_000;

    /// <summary>With fewer a day, a caller who was missed might not call again within 24 hours.</summary>
    public const long Fewest = 5_000;

    /// <summary>From the first call to the last, which came in at the midnight with which today began.</summary>
    public const int Days = 3 * 365;

    private const int Chunk = 200_000;
    private const int Dialogues = 997;
    private const string Sid = "CASID";
    private const string Start = "2000-01-01T00:00:00";

    // As fast as the disk: what is written here need not survive a power cut.
    private const string BeFast =
        """
        alter system set fsync = off; alter system set full_page_writes = off; alter system set autovacuum = off;
        alter system set max_wal_size = '8GB'; alter system set checkpoint_timeout = '1h';
        select pg_reload_conf()
        """;

    private const string BeCareful =
        """
        alter system reset all;
        select pg_reload_conf();
        checkpoint
        """;

    // Indexes that no constraint needs are built when the rows are there.
    private const string ListIndexes =
        """
        select indexrelid::regclass::text, pg_get_indexdef(indexrelid)
        from pg_index
        where indrelid = 'call_logs'::regclass and not exists (select from pg_constraint where conindid = indexrelid)
        """;

    // A day's even course is bent until noon is five times as busy as the average and midnight half as much.
    // Missed is every fifth; a third of those who hung up call again at once and are talked to.
    private const string InsertCalls =
        """
        insert into call_logs (tenant_id, id, call_sid, phone_number, dialed_number, direction, status, outcome, emergency, duration,
            transcript, summary, recording_sid, carrier_status, created_at, ended_at, recovered)
        select $1, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || substr(hash, 1, 3) || '8' || substr(hash, 4, 15))::uuid,
            'CA' || lpad(to_hex(n), 32, '0'),
            '+1503' || lpad(((n - case when n % 30 = 4 then 1 else 0 end) % 100000 + 2000000)::text, 7, '0'), '+15035550100', 'inbound',
            status, case when status <> 'in-progress' then outcome end, outcome = 'escalated',
            case when status = 'completed' then 20 + n % 397 else n % 13 end,
            case when status = 'completed' then (select text from bench_dialogues where number = n % $7) end, case when status = 'completed' then 'The caller asked for a visit.' end,
            case when status = 'completed' and n % 3 = 0 then 'RE' || hash end, case when status <> 'in-progress' then 'completed' end,
            at, case when status <> 'in-progress' then at + interval '90 seconds' end, n % 30 = 3
        from (
            select n, md5(n::text) as hash, date_trunc('milliseconds', $4 + (floor(days) + turn + 0.8 * sin(2 * pi() * turn) / (2 * pi())) * interval '1 day') as at,
                case when n > $3 - 3 then 'in-progress' when n % 10 in (3, 7) then 'missed' else 'completed' end as status,
                case when n % 50 = 6 then 'escalated' when n % 1000 = 7 then 'failed' else (array[
                    'message_taken', 'message_taken', 'appointment_booked', 'abandoned', 'message_taken',
                    'appointment_booked', 'transferred', 'no_answer', 'voicemail', 'message_taken'])[n % 10 + 1] end as outcome
            from generate_series($5, $6) as n,
                 lateral (select n::float8 / $3 * $2 as days) as position,
                 lateral (select days - floor(days) as turn) as share
        ) as call
        """;

    private const string InsertEvents =
        """
        insert into call_events (tenant_id, event_id, call_sid, type, body, received_at)
        select tenant_id, replace(template.event_id, $3, call_sid), call_sid, template.type,
            replace(replace(template.body, $3, call_sid), $4, to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS'))::jsonb, created_at
        from call_logs, unnest($5, $6, $7) as template (event_id, type, body)
        where tenant_id = $8 and call_sid > $1 and call_sid <= $2
        """;

    // What the triggers of src/Features/Calls/Schema would have counted, by its own definitions.
    private const string CountCalls =
        """
        delete from call_counts;
        insert into call_counts select * from counted_call_counts order by tenant_id, grain, bucket;
        delete from call_days;
        insert into call_days select * from counted_call_days
        """;

    private const string Check =
        """
        select 'calls', count(*) from call_logs
        union all select grain, sum(calls[1])::bigint from call_counts group by grain
        union all select 'days of analytics', sum(total)::bigint from call_days
        """;

    // Recovery by its definition, over the days that analytics shows.
    private const string CheckRecovery =
        """
        select count(*)
        from call_logs log
        where created_at > now() - interval '90 days' and recovered <> (status = 'missed' and exists (
            select from call_logs later
            where later.tenant_id = log.tenant_id and later.phone_number = log.phone_number and later.status = 'completed'
              and later.created_at > log.created_at and later.created_at <= log.created_at + interval '24 hours'))
        """;

    // Of the demo business in winter.
    private static readonly TimeSpan Midnight = TimeSpan.FromHours(8);

    private static readonly string[] Sentences =
    [
        "Thanks for calling, how can I help you today?", "I'd like to move my appointment to next Tuesday, if that's possible.",
        "Of course. Could you confirm the phone number on the account, please?", "Sure, it ends in 4471, and the name is \"Morgan Ellis\".",
        "Great, I have found it. The next free slot is at ten in the morning.", "That works for me. Will I get a text message to confirm it?",
        "Yes, you will get one within the hour. Is there anything else?", "No, that is everything - thanks for your help, have a good day.",
        "The water heater in the basement leaks, and the floor is wet already.", "How long has it been leaking, and did you close the main valve?",
        "Since this morning. I think the valve is stuck, it does not turn at all.", "Somebody can be with you between two and four this afternoon.",
    ];

    public static DateOnly Today { get; } = DateOnly.FromDateTime((TimeProvider.System.GetUtcNow() - Midnight).UtcDateTime);

    public async Task PlantAsync(CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(connection, "set session_replication_role = replica; set synchronous_commit = off; set maintenance_work_mem = '1GB'; set work_mem = '256MB'", cancellationToken);
        foreach (var statement in BeFast.Split(';'))
            await ExecuteAsync(connection, statement, cancellationToken);
        await ExecuteAsync(connection, "update tenants set plan = 'business_plus'", cancellationToken);
        await WriteDialoguesAsync(connection, cancellationToken);

        var started = Stopwatch.GetTimestamp();
        var indexes = await DropIndexesAsync(connection, cancellationToken);
        await InsertCallsAsync(connection, cancellationToken);
        await SayAsync("events", started);
        await InsertEventsAsync(connection, cancellationToken);
        await SayAsync("indexes", started);
        foreach (var index in indexes)
            await ExecuteAsync(connection, index, cancellationToken);
        await SayAsync("counters", started);
        await ExecuteAsync(connection, CountCalls, cancellationToken);
        await SayAsync("vacuum", started);
        await ExecuteAsync(connection, "vacuum (freeze, analyze)", cancellationToken);
        foreach (var statement in BeCareful.Split(';'))
            await ExecuteAsync(connection, statement, cancellationToken);
        await CheckAsync(connection, cancellationToken);
        await SayAsync($"done, {await SizeAsync(connection, cancellationToken)}", started);
    }

    private static async Task<IReadOnlyList<string>> DropIndexesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var indexes = new List<(string Name, string Definition)>();
        await using (var command = new NpgsqlCommand(ListIndexes, connection))
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
                indexes.Add((rows.GetString(0), rows.GetString(1)));
        }
        foreach (var (name, _) in indexes)
            await ExecuteAsync(connection, $"drop index {name}", cancellationToken);
        return [.. indexes.Select(index => index.Definition)];
    }

    // About 1.2 kB each, as a conversation of a dozen turns has; too short for the database to compress.
    private static async Task WriteDialoguesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var random = new Random(1);
        var texts = Enumerable.Range(0, Dialogues).Select(_ => string.Join('\n', Enumerable.Range(0, 17)
            .Select(turn => $"{(turn % 2 == 0 ? "Receptionist" : "Caller")}: {Sentences[random.Next(Sentences.Length)]}"))).ToArray();
        await ExecuteAsync(connection, "create temp table bench_dialogues (number integer primary key, text text)", cancellationToken);
        await ExecuteAsync(connection, "insert into bench_dialogues select number - 1, text from unnest($1) with ordinality as one (text, number)", cancellationToken, [texts]);
    }

    private async Task InsertCallsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var first = DateTime.SpecifyKind(Today.AddDays(-Days).ToDateTime(TimeOnly.MinValue) + Midnight, DateTimeKind.Utc);
        await InChunksAsync("calls", calls, (from, to) => ExecuteAsync(
            connection, InsertCalls, cancellationToken, tenantId, (double)Days, calls, first, from + 1, to, Dialogues));
    }

    private async Task InsertEventsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var whole = Templates();
        var brief = Math.Max(0, calls - CallsWithEveryEvent);
        await InChunksAsync("events of old calls", brief, (from, to) => InsertAsync(from, to, [whole[^1]]));
        await InChunksAsync("events of new calls", calls - brief, (from, to) => InsertAsync(brief + from, brief + to, whole));

        Task InsertAsync(long from, long to, IReadOnlyList<CallEvent> events) => ExecuteAsync(
            connection, InsertEvents, cancellationToken, SidOf(from), SidOf(to), Sid, Start,
            events.Select(one => one.EventId).ToArray(),
            events.Select(CallEventTypes.Of).ToArray(),
            events.Select(one => JsonSerializer.Serialize(one, one.GetType(), ContractJson.Options)).ToArray(), tenantId);
    }

    private static string SidOf(long call) => string.Create(CultureInfo.InvariantCulture, $"CA{call:x32}");

    private CallEvent[] Templates()
    {
        var at = DateTimeOffset.Parse(Start + "Z", CultureInfo.InvariantCulture);
        var header = new CallHeader(Sid, "AC" + new string('0', 32), tenantId, "+15032000000", "+15035550100", "inbound", at);
        return
        [
            new CallStarted($"{Sid}-0", header, 0, at, null, OpenNow: true, RecordingNoticePlayed: true),
            .. Sentences.Select((sentence, index) => new TurnSpoken(
                $"{Sid}-{index + 1}", header, index + 1, at, index % 2 == 0 ? Speaker.Receptionist : Speaker.Caller, sentence, 0.9, Keys: false)),
            new CallEnded($"{Sid}-{Sentences.Length + 1}", header, Sentences.Length + 1, at, "completed", 42, null),
        ];
    }

    private async Task InChunksAsync(string what, long count, Func<long, long, Task> insert)
    {
        var started = Stopwatch.GetTimestamp();
        for (var from = 0L; from < count; from += Chunk)
        {
            var to = Math.Min(count, from + Chunk);
            await insert(from, to);
            var spent = Stopwatch.GetElapsedTime(started);
            await SayAsync(string.Create(CultureInfo.InvariantCulture, $"{what} {to} of {count}, {spent * (count - to) / to:hh\\:mm\\:ss} to go"), started);
        }
    }

    private async Task CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using (var command = new NpgsqlCommand(Check, connection) { CommandTimeout = 0 })
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                if (rows.GetInt64(1) is var counted && counted != calls)
                    throw new InvalidOperationException($"{calls} calls were written, and {rows.GetString(0)} count {counted}.");
            }
        }
        await using var recovery = new NpgsqlCommand(CheckRecovery, connection) { CommandTimeout = 0 };
        if (await recovery.ExecuteScalarAsync(cancellationToken) is not 0L and var wrong)
            throw new InvalidOperationException($"{wrong} calls are marked as recovered, or not, against the definition.");
    }

    private static async Task<string> SizeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select pg_size_pretty(pg_database_size(current_database()))", connection);
        return (string)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task SayAsync(string what, long started) => await Console.Error.WriteLineAsync(
        string.Create(CultureInfo.InvariantCulture, $"{Sizes.Text(calls)} calls, {Stopwatch.GetElapsedTime(started):hh\\:mm\\:ss}: {what}"));

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params IReadOnlyList<object> values)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
