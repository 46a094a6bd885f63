using System.Net;
using System.Text.Json;
using Dapper;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Summaries;
using KestrelVoice.Features.Tests.Calls;

namespace KestrelVoice.Features.Tests.Summaries;

/// <summary>The workflow's code and its real steps; that a sidecar runs them is another test's business.</summary>
public sealed class SummariseCallWorkflowTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_becomes_a_summary_whose_fields_cite_their_turns()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 1, KestrelVoiceApp.Noon);
        await app.GivenACall(
            call.Started(), call.Hears("How can I help?"), call.Says("My name is Ann Lee. There is a burst pipe at 42 Oak Street!"), call.Emergency(),
            call.Presses("1"), call.Hears("I am connecting you to the person on call."), call.Dials(DialTarget.OnCall, bridged: true), call.Ended());
        using var client = app.ClientFor(tenant);
        var id = await OnlyCallAsync(client);

        (await SummariseAsync(tenant, id)).ShouldBe("ready");

        var summary = await client.ReadAsync($"/api/call-logs/{id}/summary");
        var turns = (await client.ReadAsync($"/api/call-logs/{id}")).GetProperty("turns").EnumerateArray()
            .ToDictionary(turn => turn.GetProperty("sequence").GetInt32(), turn => turn.GetProperty("text").GetString()!);
        summary.GetProperty("call_id").GetString().ShouldBe(id);
        summary.GetProperty("status").GetString().ShouldBe("ready");
        summary.GetProperty("summary").GetString()!.ShouldContain("There is a burst pipe at 42 Oak Street!");
        Value(summary, "customer_name").ShouldBe("Ann Lee");
        Value(summary, "address").ShouldBe("42 Oak Street");
        Value(summary, "urgency").ShouldBe("emergency");
        Value(summary, "outcome").ShouldBe("escalated");
        Value(summary, "follow_up").ShouldBe("I am connecting you to the person on call.");
        summary.GetProperty("phone").ValueKind.ShouldBe(JsonValueKind.Null);
        foreach (var field in new[] { "reason", "customer_name", "address", "urgency", "follow_up" })
            turns[summary.GetProperty(field).GetProperty("turn").GetInt32()].ShouldContain(summary.GetProperty(field).GetProperty("quote").GetString()!, Case.Sensitive, field);
        summary.GetProperty("engine").GetRawText().ShouldBe("""{"name":"offline","model":null}""");
        summary.GetProperty("fell_back").GetBoolean().ShouldBeFalse();
        summary.GetProperty("created_at").GetDateTime().ShouldBe(app.Clock.GetUtcNow().UtcDateTime);
        summary.GetProperty("parts").EnumerateArray().Select(part => $"{part.GetProperty("first_turn")}-{part.GetProperty("last_turn")}").ShouldBe(["1-5"]);
    }

    [Fact]
    public async Task A_summary_is_written_once()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 2, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("The kitchen faucet is dripping."), call.Ended());
        using var client = app.ClientFor(tenant);
        var id = await OnlyCallAsync(client);
        await SummariseAsync(tenant, id);
        var first = await client.GetStringAsync($"/api/call-logs/{id}/summary", Token);

        app.Clock.Advance(TimeSpan.FromMinutes(1));
        await app.GivenACall(call.Says("And it has become a flood."));
        (await SummariseAsync(tenant, id)).ShouldBe("over");

        (await client.GetStringAsync($"/api/call-logs/{id}/summary", Token)).ShouldBe(first);
    }

    [Fact]
    public async Task Steps_that_are_run_twice_leave_the_same_summary()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 3, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("The kitchen faucet is dripping."), call.Ended());
        using var client = app.ClientFor(tenant);
        var id = await OnlyCallAsync(client);

        await Task.WhenAll(SummariseAsync(tenant, id), SummariseAsync(tenant, id));

        (await client.ReadAsync($"/api/call-logs/{id}/summary")).GetProperty("status").GetString().ShouldBe("ready");
        (await client.ReadAsync($"/api/call-logs/{id}/summary")).GetProperty("parts").GetArrayLength().ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_without_words_gets_a_summary_that_says_so(bool pressesKeys)
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 4, KestrelVoiceApp.Noon);
        await app.GivenACall([call.Started(), .. pressesKeys ? new CallEvent[] { call.Presses("9") } : [], call.Voicemail(), call.Ended()]);
        using var client = app.ClientFor(tenant);
        var id = await OnlyCallAsync(client);

        await SummariseAsync(tenant, id);

        var summary = await client.ReadAsync($"/api/call-logs/{id}/summary");
        summary.GetProperty("summary").GetString().ShouldBe("Nothing was said that tells what the call was about. The caller left a voicemail.");
        foreach (var field in new[] { "reason", "customer_name", "address", "phone", "urgency", "follow_up" })
            summary.GetProperty(field).ValueKind.ShouldBe(JsonValueKind.Null, field);
        summary.GetProperty("outcome").GetRawText().ShouldBe("""{"value":"voicemail","turn":null,"quote":null}""");
        summary.GetProperty("parts").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task Nothing_that_was_said_goes_into_the_history()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 5, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("My name is Rumpelstiltskin, call me at 503 555 0142 about the spinning wheel."), call.Ended());
        using var client = app.ClientFor(tenant);
        var run = new InProcessWorkflow(app.Services);

        await SummariseAsync(tenant, await OnlyCallAsync(client), run);

        run.History.Count.ShouldBeGreaterThan(8);
        run.History.ShouldAllBe(entry => entry.Length < 300);
        foreach (var word in new[] { "Rumpelstiltskin", "0142", "wheel" })
            run.History.ShouldAllBe(entry => !entry.Contains(word, StringComparison.OrdinalIgnoreCase));
        await using var connection = await app.Owner.OpenConnectionAsync(Token);
        (await connection.QuerySingleAsync<long>("select count(*) from call_summary_parts where notes is not null and tenant_id = @Id", new { tenant.Id })).ShouldBe(0);
    }

    [Fact]
    public async Task A_database_that_does_not_come_back_makes_it_fail()
    {
        var tenant = await app.GivenATenant();
        var call = new PhoneCall(tenant, 6, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("The kitchen faucet is dripping."), call.Ended());
        using var client = app.ClientFor(tenant);
        var id = await OnlyCallAsync(client);
        var broken = new InProcessWorkflow(app.Services)
        {
            Before = (activity, _) =>
            {
                if (activity == nameof(SummarisePartActivity))
                    throw new InvalidOperationException("The database is away.");
            },
        };

        (await SummariseAsync(tenant, id, broken)).ShouldBe("failed");

        var failed = await client.ReadAsync($"/api/call-logs/{id}/summary");
        failed.GetProperty("status").GetString().ShouldBe("failed");
        failed.GetProperty("summary").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task Two_hours_of_talk_are_summarised_in_parts()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var id = await app.GivenALongCall(tenant, seed: 11, words: 25_000);

        (await SummariseAsync(tenant, id)).ShouldBe("ready");

        var summary = await client.ReadAsync($"/api/call-logs/{id}/summary");
        LongCalls.ShouldTellOfIt(summary);
        summary.GetProperty("parts").GetArrayLength().ShouldBeGreaterThan(10);
    }

    [Fact]
    public async Task A_call_of_another_tenant_is_not_there()
    {
        var (mine, theirs) = (await app.GivenATenant(), await app.GivenATenant());
        var call = new PhoneCall(theirs, 7, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("The kitchen faucet is dripping."), call.Ended());
        using var client = app.ClientFor(theirs);
        var id = await OnlyCallAsync(client);

        (await SummariseAsync(mine, id)).ShouldBe("over");

        await (await client.GetAsync($"/api/call-logs/{id}/summary", Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    private Task<string> SummariseAsync(TestTenant tenant, string callId, InProcessWorkflow? run = null) =>
        InProcessWorkflow.SummariseAsync(app, tenant, TypeId.Parse(TypeId.Call, callId), run);

    private static async Task<string> OnlyCallAsync(HttpClient client) => (await client.ReadAsync("/api/call-logs")).Data().Single().Id();

    private static string? Value(JsonElement summary, string field) => summary.GetProperty(field).GetProperty("value").GetString();
}
