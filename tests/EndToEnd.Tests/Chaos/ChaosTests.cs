namespace KestrelVoice.EndToEnd.Tests.Chaos;

/// <summary>What holds after a run in which every process was killed again and again.</summary>
public sealed class ChaosTests(ChaosRun run) : IClassFixture<ChaosRun>
{
    [Fact]
    public void The_run_spared_nothing_and_was_told_of_most_ends()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{ChaosRun.Calls} calls, {run.Killed.Count} kills: {string.Join(", ", run.Killed.CountBy(name => name))}");
        run.Killed.Distinct().Count().ShouldBe(4, "a run in which something was spared proves little");
        // Not of all: where a restart takes longer than the 15 s that Twilio waits, it gives up, and what it never told must be found out.
        run.Traces.Count(trace => trace.StatusDelivered).ShouldBeGreaterThan(ChaosRun.Calls * 3 / 4, "what nobody was told of proves little");
    }

    [Fact]
    public async Task Killed_processes_lose_no_call_and_double_none()
    {
        var calls = await Rows("select call_sid from call_logs", rows => rows.GetString(0));
        calls.Order().ShouldBe(run.Traces.Select(trace => trace.CallSid).Order());

        var list = await run.Stack.GetAsync("/api/call-logs?limit=1", TestContext.Current.CancellationToken);
        list.GetProperty("pagination").GetProperty("total").GetInt32().ShouldBe(ChaosRun.Calls);
    }

    // What Twilio was told is taken (2xx) must be in the log, and once; what it was not told may be, but never twice.
    [Fact]
    public async Task Every_turn_that_was_answered_is_there_once()
    {
        var spoken = await Rows(
            "select call_sid, body->>'text' from call_events where type = 'kestrelvoice.call.turn.v1' and body->>'speaker' = 'caller'",
            rows => (CallSid: rows.GetString(0), Text: rows.GetString(1)));
        var stored = spoken.ToLookup(turn => turn);

        var answered = run.Traces.SelectMany(trace => ChaosRun.TurnsAnswered(trace).Select(text => (trace.CallSid, Text: text))).Distinct().ToList();
        answered.Count.ShouldBeGreaterThan(ChaosRun.Calls / 4);
        answered.Where(turn => stored[turn].Count() != 1).ShouldBeEmpty();
        stored.Where(turn => turn.Count() > 1).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(WebhookReceiver.Healthy)]
    [InlineData(WebhookReceiver.Flaky)]
    [InlineData(WebhookReceiver.Slow)]
    public async Task Every_event_took_effect_once_at_every_endpoint(string endpoint)
    {
        var events = await Rows("select id, type from tenant_events", rows => (Id: rows.GetGuid(0), Type: rows.GetString(1)));
        var effects = run.Receiver.EffectsOf(endpoint).Values.Select(body => body.GetProperty("event").GetString()!).ToList();

        effects.Count.ShouldBe(events.Count);
        effects.CountBy(effect => effect).ShouldBe(events.CountBy(told => told.Type), ignoreOrder: true);
        effects.Count(effect => effect is "call.completed" or "call.missed").ShouldBe(ChaosRun.Calls);
        run.Receiver.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_stream_of_events_has_no_gap()
    {
        var sequences = await Rows("select sequence from tenant_events order by sequence", rows => rows.GetInt64(0));

        sequences.ShouldBe(Enumerable.Range(1, sequences.Count).Select(number => (long)number));
    }

    [Fact]
    public async Task Every_message_was_delivered_and_there_is_one_for_each_endpoint_and_event()
    {
        var messages = await Rows("select state, count(*) from webhook_messages group by state", rows => (rows.GetString(0), rows.GetInt64(1)));
        var events = await Rows("select count(*) from tenant_events", rows => rows.GetInt64(0));

        messages.ShouldBe([("delivered", 3 * events.Single())]);
    }

    private Task<List<T>> Rows<T>(string sql, Func<Npgsql.NpgsqlDataReader, T> read) =>
        run.Stack.RowsAsync(sql, read, TestContext.Current.CancellationToken);
}
