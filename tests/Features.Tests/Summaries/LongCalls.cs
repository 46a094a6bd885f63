using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Tests.Calls;

namespace KestrelVoice.Features.Tests.Summaries;

internal static class LongCalls
{
    /// <summary>A finished long call. Its turns are stored in one go, since their ingestion is not what is tested; the end comes as an event.</summary>
    public static async Task<string> GivenALongCall(this KestrelVoiceApp app, TestTenant tenant, int seed, int words)
    {
        var call = new PhoneCall(tenant, seed, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started());
        var events = new LongCall(seed).Turns(words)
            .Select(turn => turn.Speaker == Speaker.Caller ? call.Says(turn.Text) : call.Hears(turn.Text))
            .Select(turn => (turn.EventId, Stored: StoredCallEvent.Of(turn)))
            .ToList();
        await using (var connection = await app.Owner.OpenConnectionAsync(TestContext.Current.CancellationToken))
            await connection.ExecuteAsync(
                """
                insert into call_events (tenant_id, event_id, call_sid, type, body, received_at)
                select @TenantId, event.id, @CallSid, event.type, event.body::jsonb, @Now
                from unnest(@Ids, @Types, @Bodies) as event (id, type, body)
                """,
                new
                {
                    TenantId = tenant.Id,
                    call.CallSid,
                    Ids = events.Select(said => said.EventId).ToArray(),
                    Types = events.Select(said => said.Stored.Type).ToArray(),
                    Bodies = events.Select(said => said.Stored.Body).ToArray(),
                    Now = KestrelVoiceApp.Noon.UtcDateTime,
                });
        await app.GivenACall(call.Ended(seconds: 7200));
        using var client = app.ClientFor(tenant);
        return (await client.ReadAsync("/api/call-logs?limit=1")).Data()[0].Id();
    }

    public static void ShouldTellOfIt(JsonElement summary)
    {
        summary.GetProperty("status").GetString().ShouldBe("ready", summary.GetRawText());
        Value("reason").ShouldBe(LongCall.Reason);
        Value("customer_name").ShouldBe(LongCall.Name);
        Value("address").ShouldBe(LongCall.Address);
        Value("phone").ShouldBe(LongCall.Phone);
        Value("urgency").ShouldBe("emergency");
        Value("outcome").ShouldBe("message_taken");
        Value("follow_up").ShouldBe(LongCall.Promise);

        string? Value(string field) => summary.GetProperty(field).GetProperty("value").GetString();
    }
}
