using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Dapr.Client;
using KestrelVoice.LocalDapr.Tests.Harness;

namespace KestrelVoice.LocalDapr.Tests.Conformance;

/// <summary>Behaviour 9: state, over gRPC with the stock client and over HTTP.</summary>
public sealed class StateTests : IAsyncLifetime
{
    private readonly DaprRun _run = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private sealed record Call(string Sid, int Turns);

    public async ValueTask InitializeAsync()
    {
        _run.WithStateStore("shared", $"- {{ name: keyPrefix, value: \"name\" }}");
        await _run.WithApp("voice").WithApp("host").StartAsync();
    }

    public async ValueTask DisposeAsync() => await _run.DisposeAsync();

    [Fact]
    public async Task What_is_saved_is_read_and_what_is_deleted_is_gone()
    {
        using var client = _run.Client("voice");

        await client.SaveStateAsync("statestore", Key("a"), new Call("CA1", 2), cancellationToken: Cancel);
        (await client.GetStateAsync<Call>("statestore", Key("a"), cancellationToken: Cancel)).ShouldBe(new Call("CA1", 2));
        await client.DeleteStateAsync("statestore", Key("a"), cancellationToken: Cancel);
        await client.DeleteStateAsync("statestore", Key("a"), cancellationToken: Cancel);

        (await client.GetStateAsync<Call?>("statestore", Key("a"), cancellationToken: Cancel)).ShouldBeNull();
    }

    [Fact]
    public async Task An_etag_guards_a_write_and_a_delete()
    {
        using var client = _run.Client("voice");
        await client.SaveStateAsync("statestore", Key("a"), 1, cancellationToken: Cancel);
        var (_, etag) = await client.GetStateAndETagAsync<int>("statestore", Key("a"), cancellationToken: Cancel);

        (await client.TrySaveStateAsync("statestore", Key("a"), 2, etag, cancellationToken: Cancel)).ShouldBeTrue();
        (await client.TrySaveStateAsync("statestore", Key("a"), 3, etag, cancellationToken: Cancel)).ShouldBeFalse();
        (await client.TryDeleteStateAsync("statestore", Key("a"), etag, cancellationToken: Cancel)).ShouldBeFalse();
        (await client.GetStateAsync<int>("statestore", Key("a"), cancellationToken: Cancel)).ShouldBe(2);
        (await client.TrySaveStateAsync("statestore", Key("a"), 4, "", cancellationToken: Cancel)).ShouldBeTrue();
    }

    [Fact]
    public async Task Of_many_writers_with_one_etag_exactly_one_wins()
    {
        using var client = _run.Client("voice");
        await client.SaveStateAsync("statestore", Key("race"), 0, cancellationToken: Cancel);
        var (_, etag) = await client.GetStateAndETagAsync<int>("statestore", Key("race"), cancellationToken: Cancel);

        var won = await Task.WhenAll(Enumerable.Range(1, 30).Select(i => client.TrySaveStateAsync("statestore", Key("race"), i, etag, cancellationToken: Cancel)));

        won.Count(one => one).ShouldBe(1);
        (await client.GetStateAsync<int>("statestore", Key("race"), cancellationToken: Cancel)).ShouldBe(Array.IndexOf(won, true) + 1);
    }

    [Fact]
    public async Task First_write_without_an_etag_creates_only()
    {
        Assert.SkipWhen(DaprRun.IsReal, "Redis guards first writes in its own way.");
        using var client = _run.Client("voice");
        var options = new StateOptions { Concurrency = ConcurrencyMode.FirstWrite };

        await client.SaveStateAsync("statestore", Key("first"), 1, options, cancellationToken: Cancel);
        var again = await Should.ThrowAsync<Dapr.DaprException>(() => client.SaveStateAsync("statestore", Key("first"), 2, options, cancellationToken: Cancel));

        ((Grpc.Core.RpcException)again.InnerException!).StatusCode.ShouldBe(Grpc.Core.StatusCode.Aborted);
        (await client.GetStateAsync<int>("statestore", Key("first"), cancellationToken: Cancel)).ShouldBe(1);
    }

    [Fact]
    public async Task Http_answers_with_etag_and_knows_mismatch_and_malformed()
    {
        using var http = _run.Http("voice");

        using var saved = await PostAsync(http, "/v1.0/state/statestore?", $$$"""[{"key":"{{{Key("h")}}}","value":{"b":1.0},"metadata":null}]""");
        using var read = await http.GetAsync($"/v1.0/state/statestore/{Key("h")}?", Cancel);
        using var absent = await http.GetAsync($"/v1.0/state/statestore/{Key("absent")}", Cancel);
        using var mismatch = await PostAsync(http, "/v1.0/state/statestore", $$$"""[{"key":"{{{Key("h")}}}","value":2,"etag":"999999999"}]""");
        using var malformed = await PostAsync(http, "/v1.0/state/statestore", $$$"""[{"key":"{{{Key("h")}}}","value":2,"etag":"not-a-number","options":{"concurrency":"first-write"}}]""");
        using var delete = new HttpRequestMessage(HttpMethod.Delete, $"/v1.0/state/statestore/{Key("h")}");
        delete.Headers.TryAddWithoutValidation("If-Match", read.Headers.NonValidated["ETag"].ToString());
        using var deleted = await http.SendAsync(delete, Cancel);

        ((int)saved.StatusCode).ShouldBe(204);
        ((int)read.StatusCode).ShouldBe(200);
        (await read.Content.ReadAsStringAsync(Cancel)).ShouldBe("""{"b":1.0}""");
        ((int)absent.StatusCode).ShouldBe(204);
        ((int)mismatch.StatusCode).ShouldBe(409);
        (await mismatch.Content.ReadAsStringAsync(Cancel)).ShouldContain("ERR_STATE_SAVE");
        ((int)malformed.StatusCode).ShouldBe(400);
        ((int)deleted.StatusCode).ShouldBe(204);
    }

    [Fact]
    public async Task A_transaction_is_all_or_nothing()
    {
        using var client = _run.Client("voice");
        await client.SaveStateAsync("statestore", Key("kept"), "old", cancellationToken: Cancel);

        await client.ExecuteStateTransactionAsync("statestore",
        [
            new StateTransactionRequest(Key("one"), JsonSerializer.SerializeToUtf8Bytes(1), StateOperationType.Upsert),
            new StateTransactionRequest(Key("two"), JsonSerializer.SerializeToUtf8Bytes(2), StateOperationType.Upsert),
        ], cancellationToken: Cancel);
        await Should.ThrowAsync<Dapr.DaprException>(() => client.ExecuteStateTransactionAsync("statestore",
        [
            new StateTransactionRequest(Key("one"), null, StateOperationType.Delete),
            new StateTransactionRequest(Key("kept"), JsonSerializer.SerializeToUtf8Bytes("new"), StateOperationType.Upsert, "999999999"),
        ], cancellationToken: Cancel));
        using var http = await PostAsync(_run.Http("voice"), "/v1.0/state/statestore/transaction",
            $$$"""{"operations":[{"operation":"delete","request":{"key":"{{{Key("one")}}}"}},{"operation":"upsert","request":{"key":"{{{Key("kept")}}}","value":1,"etag":"999999999"}}],"metadata":null}""");

        ((int)http.StatusCode).ShouldBe(500);
        (await http.Content.ReadAsStringAsync(Cancel)).ShouldContain("ERR_STATE_TRANSACTION");
        (await client.GetStateAsync<int>("statestore", Key("one"), cancellationToken: Cancel)).ShouldBe(1);
        (await client.GetStateAsync<int>("statestore", Key("two"), cancellationToken: Cancel)).ShouldBe(2);
        (await client.GetStateAsync<string>("statestore", Key("kept"), cancellationToken: Cancel)).ShouldBe("old");
    }

    [Fact]
    public async Task A_time_to_live_ends_a_value()
    {
        using var client = _run.Client("voice");

        await client.SaveStateAsync("statestore", Key("ttl"), 1, metadata: new Dictionary<string, string> { ["ttlInSeconds"] = "1" }, cancellationToken: Cancel);
        await client.SaveStateAsync("statestore", Key("stays"), 2, metadata: new Dictionary<string, string> { ["ttlInSeconds"] = "-1" }, cancellationToken: Cancel);

        (await client.GetStateAsync<int>("statestore", Key("ttl"), cancellationToken: Cancel)).ShouldBe(1);
        await Poll.Until(async () => await client.GetStateAsync<int>("statestore", Key("ttl"), cancellationToken: Cancel) == 0, () => "the value to expire");
        (await client.GetStateAsync<int>("statestore", Key("stays"), cancellationToken: Cancel)).ShouldBe(2);
    }

    [Fact]
    public async Task Many_keys_are_read_at_once_absent_ones_empty()
    {
        using var client = _run.Client("voice");
        await client.SaveBulkStateAsync("statestore", [new SaveStateItem<int>(Key("x"), 1, ""), new SaveStateItem<int>(Key("y"), 2, "")], Cancel);

        var items = await client.GetBulkStateAsync("statestore", [Key("x"), Key("y"), Key("z")], parallelism: null, cancellationToken: Cancel);
        using var http = await PostAsync(_run.Http("voice"), "/v1.0/state/statestore/bulk", $$$"""{"keys":["{{{Key("x")}}}","{{{Key("z")}}}"],"parallelism":1}""");

        items.ToDictionary(item => item.Key, item => item.Value).ShouldBe(
            new Dictionary<string, string> { [Key("x")] = "1", [Key("y")] = "2", [Key("z")] = "" }, ignoreOrder: true);
        var body = await http.Content.ReadFromJsonAsync<JsonElement>(Cancel);
        body.EnumerateArray().Single(item => item.GetProperty("key").GetString() == Key("x")).GetProperty("data").GetInt32().ShouldBe(1);
    }

    [Fact]
    public async Task Keys_belong_to_an_app_unless_the_prefix_says_otherwise()
    {
        using var voice = _run.Client("voice");
        using var host = _run.Client("host");

        await voice.SaveStateAsync("statestore", Key("own"), 1, cancellationToken: Cancel);
        await voice.SaveStateAsync("shared", Key("common"), 2, cancellationToken: Cancel);

        (await host.GetStateAsync<int>("statestore", Key("own"), cancellationToken: Cancel)).ShouldBe(0);
        (await host.GetStateAsync<int>("shared", Key("common"), cancellationToken: Cancel)).ShouldBe(2);
    }

    [Theory]
    [InlineData("GET", "/v1.0/state/nowhere/k", "", 400, "ERR_STATE_STORE_NOT_FOUND")]
    [InlineData("GET", "/v1.0/state/statestore/a||b", "", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "/v1.0/state/statestore", "{", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "/v1.0/state/statestore", "{\"a\":1}", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "/v1.0/state/statestore", "[{\"value\":1}]", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "/v1.0/state/statestore", "[{\"key\":1,\"value\":1}]", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "/v1.0/state/statestore/bulk", "nonsense", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "/v1.0/state/statestore/transaction", "[]", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("POST", "/v1.0/state/statestore/transaction", "{\"operations\":[{\"operation\":\"move\",\"request\":{\"key\":\"a\"}}]}", 400, "ERR_NOT_SUPPORTED_STATE_OPERATION")]
    public async Task Nonsense_is_refused_with_a_code(string method, string path, string body, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body.Length > 0)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");

        using var response = await _run.Http("voice").SendAsync(request, Cancel);

        ((int)response.StatusCode).ShouldBe(status);
        (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("errorCode").GetString().ShouldBe(code);
    }

    private string Key(string name) => $"{name}-{_run.Mark}";

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string path, string json) =>
        client.PostAsync(path, new StringContent(json, Encoding.UTF8, "application/json"), Cancel);
}
