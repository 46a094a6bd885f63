using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Dapper;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests.Calls;

namespace KestrelVoice.Features.Tests.Summaries;

/// <summary>Summaries as clients ask for them, by a workflow that a sidecar runs.</summary>
public sealed class StartSummaryTests(TestCluster cluster) : IAsyncLifetime
{
    private readonly AppWithWorkflows app = new(cluster);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await app.StartSidecarAsync();
        await app.InitializeAsync();
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    [Fact]
    public async Task Asking_waits_for_the_summary_and_asking_again_gets_the_same()
    {
        var tenant = await app.GivenATenant();
        var id = await GivenACallAboutAFaucetAsync(tenant);
        using var client = app.ClientFor(tenant);
        await (await client.GetAsync($"/api/call-logs/{id}/summary", Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");

        using var first = await client.PostAsync($"/api/call-logs/{id}/summary?wait_seconds=60", null, Token);
        await first.ShouldBe(HttpStatusCode.OK);
        using var second = await client.PostAsync($"/api/call-logs/{TypeId.Parse(TypeId.Call, id)}/summary", null, Token);
        await second.ShouldBe(HttpStatusCode.OK);

        var summary = await first.Content.ReadAsStringAsync(Token);
        summary.ShouldContain("kitchen faucet");
        (await second.Content.ReadAsStringAsync(Token)).ShouldBe(summary);
        (await client.GetStringAsync($"/api/call-logs/{id}/summary", Token)).ShouldBe(summary);
    }

    [Fact]
    public async Task Whoever_does_not_wait_is_told_where_to_look()
    {
        var tenant = await app.GivenATenant();
        var id = await GivenACallAboutAFaucetAsync(tenant);
        using var client = app.ClientFor(tenant);

        using var started = await client.PostAsync($"/api/call-logs/{TypeId.Parse(TypeId.Call, id)}/summary?wait_seconds=0", null, Token);

        await started.ShouldBe(HttpStatusCode.Accepted);
        started.Headers.Location.ShouldBe(new Uri($"https://api.example.test/api/call-logs/{id}/summary"));
        started.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromSeconds(2));
        var body = await started.Content.ReadFromJsonAsync<JsonElement>(Token);
        body.GetProperty("call_id").GetString().ShouldBe(id);
        body.GetProperty("status").GetString().ShouldBe("running");
        (await ReadyAsync(client, id)).GetProperty("summary").GetString()!.ShouldContain("kitchen faucet");
    }

    [Fact]
    public async Task However_many_ask_at_once_there_is_one_summary()
    {
        var tenant = await app.GivenATenant();
        var id = await GivenACallAboutAFaucetAsync(tenant);
        using var client = app.ClientFor(tenant);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(async _ =>
        {
            using var response = await client.PostAsync($"/api/call-logs/{id}/summary?wait_seconds=60", null, Token);
            await response.ShouldBe(HttpStatusCode.OK);
            return await response.Content.ReadAsStringAsync(Token);
        }));

        answers.Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task A_completed_call_is_summarised_by_itself_however_often_it_is_told_of()
    {
        var (tenant, other) = (await app.GivenATenant(), await app.GivenATenant());
        var id = await GivenACallAboutAFaucetAsync(tenant);

        await app.Relay(times: 2);

        using var client = app.ClientFor(tenant);
        (await ReadyAsync(client, id)).GetProperty("summary").GetString()!.ShouldContain("kitchen faucet");
        using var stranger = app.ClientFor(other);
        await (await stranger.GetAsync($"/api/call-logs/{id}/summary", Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Fact]
    public async Task What_failed_is_begun_anew_when_somebody_asks()
    {
        var tenant = await app.GivenATenant();
        var id = await GivenACallAboutAFaucetAsync(tenant);
        await using (var connection = await app.Owner.OpenConnectionAsync(Token))
            await connection.ExecuteAsync(
                """
                insert into call_summaries (tenant_id, call_id, status, summary, started_at, finished_at) values (@TenantId, @CallId, 'failed', 'Half', @Now, @Now);
                insert into call_summary_parts (tenant_id, call_id, number, first_turn, last_turn) values (@TenantId, @CallId, 1, 900, 901)
                """,
                new { TenantId = tenant.Id, CallId = TypeId.Parse(TypeId.Call, id), Now = KestrelVoiceApp.Noon.UtcDateTime });
        using var client = app.ClientFor(tenant);
        (await client.ReadAsync($"/api/call-logs/{id}/summary")).GetProperty("status").GetString().ShouldBe("failed");

        using var again = await client.PostAsync($"/api/call-logs/{id}/summary?wait_seconds=60", null, Token);

        await again.ShouldBe(HttpStatusCode.OK);
        (await again.Content.ReadAsStringAsync(Token)).ShouldContain("kitchen faucet");
    }

    [Fact]
    public async Task Two_hours_of_talk_are_summarised_within_a_minute()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        var id = await app.GivenALongCall(tenant, seed: 21, words: 25_000);
        var begun = TimeProvider.System.GetTimestamp();

        using var response = await client.PostAsync($"/api/call-logs/{id}/summary?wait_seconds=60", null, Token);

        await response.ShouldBe(HttpStatusCode.OK);
        LongCalls.ShouldTellOfIt(await response.Content.ReadFromJsonAsync<JsonElement>(Token));
        TestContext.Current.TestOutputHelper!.WriteLine($"Summarised in {TimeProvider.System.GetElapsedTime(begun).TotalSeconds:0.00} s.");
    }

    [Fact]
    public async Task A_call_in_progress_is_409()
    {
        var tenant = await app.GivenATenant();
        await app.GivenACall(new PhoneCall(tenant, 1, KestrelVoiceApp.Noon).Started());
        using var client = app.ClientFor(tenant);
        var id = (await client.ReadAsync("/api/call-logs")).Data().Single().Id();

        await (await client.PostAsync($"/api/call-logs/{id}/summary", null, Token)).ShouldBeProblem(HttpStatusCode.Conflict, "conflict");

        await (await client.GetAsync($"/api/call-logs/{id}/summary", Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("61")]
    [InlineData("1.5")]
    [InlineData("")]
    [InlineData("ten")]
    public async Task A_wait_that_is_none_is_400(string wait)
    {
        var tenant = await app.GivenATenant();
        var id = await GivenACallAboutAFaucetAsync(tenant);

        await (await app.ClientFor(tenant).PostAsync($"/api/call-logs/{id}/summary?wait_seconds={wait}", null, Token)).ShouldBeInvalid("wait_seconds");
    }

    [Fact]
    public async Task A_key_that_may_only_read_reads_and_starts_nothing()
    {
        var tenant = await app.GivenATenant();
        var id = await GivenACallAboutAFaucetAsync(tenant);
        using var reader = app.ClientFor(tenant, Principal.Read);

        await (await reader.PostAsync($"/api/call-logs/{id}/summary", null, Token)).ShouldBeProblem(HttpStatusCode.Forbidden, "forbidden");

        await (await reader.GetAsync($"/api/call-logs/{id}/summary", Token)).ShouldBeProblem(HttpStatusCode.NotFound, "not_found");
    }

    private async Task<string> GivenACallAboutAFaucetAsync(TestTenant tenant)
    {
        var call = new PhoneCall(tenant, 7, KestrelVoiceApp.Noon);
        await app.GivenACall(call.Started(), call.Says("The kitchen faucet is dripping, please call me back."), call.Ended());
        using var client = app.ClientFor(tenant);
        return (await client.ReadAsync("/api/call-logs")).Data().Single().Id();
    }

    private static async Task<JsonElement> ReadyAsync(HttpClient client, string id)
    {
        while (true)
        {
            using var response = await client.GetAsync($"/api/call-logs/{id}/summary", Token);
            if (response.StatusCode == HttpStatusCode.OK)
                return await response.Content.ReadFromJsonAsync<JsonElement>(Token);
            await response.ShouldBe(HttpStatusCode.Accepted);
            await Task.Delay(50, Token);
        }
    }
}
