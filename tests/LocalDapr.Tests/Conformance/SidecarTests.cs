using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using KestrelVoice.LocalDapr.Tests.Harness;

namespace KestrelVoice.LocalDapr.Tests.Conformance;

/// <summary>Behaviours 11 and 12: tokens, health and metadata; and secrets.</summary>
public sealed class SidecarTests
{
    private const string ApiToken = "api-secret";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_the_api_token_only_health_answers()
    {
        await using var run = await new DaprRun().WithEnvironment("DAPR_API_TOKEN", ApiToken).WithApp("host").StartAsync();
        using var anonymous = run.Http("host");
        using var wrong = run.Http("host", "wrong");
        using var right = run.Http("host", ApiToken);

        foreach (var path in (string[])["/v1.0/metadata", "/v1.0/state/statestore/k", "/v1.0/invoke/host/method/x"])
        {
            using var refused = await anonymous.GetAsync(path, Cancel);
            using var mistaken = await wrong.GetAsync(path, Cancel);
            using var allowed = await right.GetAsync(path, Cancel);
            ((int)refused.StatusCode).ShouldBe(401, path);
            (await refused.Content.ReadAsStringAsync(Cancel)).ShouldContain("invalid api token");
            ((int)mistaken.StatusCode).ShouldBe(401, path);
            ((int)allowed.StatusCode).ShouldNotBe(401, path);
        }
        foreach (var path in (string[])["/v1.0/healthz", "/v1.0/healthz/outbound", "/v1.0/healthz/"])
            ((int)(await anonymous.GetAsync(path, Cancel)).StatusCode).ShouldBe(204, path);
    }

    [Fact]
    public async Task The_stock_client_needs_the_token_too()
    {
        await using var run = await new DaprRun().WithEnvironment("DAPR_API_TOKEN", ApiToken).WithApp("host").StartAsync();
        using var anonymous = run.Client("host");
        using var known = run.Client("host", ApiToken);

        var refused = await Should.ThrowAsync<Dapr.DaprException>(() => anonymous.GetStateAsync<int>("statestore", "k", cancellationToken: Cancel));
        await known.GetStateAsync<int>("statestore", "k", cancellationToken: Cancel);

        ((Grpc.Core.RpcException)refused.InnerException!).StatusCode.ShouldBe(Grpc.Core.StatusCode.Unauthenticated);
    }

    [Fact]
    public async Task Health_waits_for_the_app_and_outbound_health_does_not()
    {
        await using var run = new DaprRun();
        await using var app = new TestApp();
        await run.WithApp("host", app).StartAsync();
        using var http = run.Http("host");
        using var client = run.Client("host");

        (await client.CheckOutboundHealthAsync(Cancel)).ShouldBeTrue();
        (await client.CheckHealthAsync(Cancel)).ShouldBeFalse();
        using var notReady = await http.GetAsync("/v1.0/healthz", Cancel);
        await app.StartAsync();
        await Poll.Until(() => client.CheckHealthAsync(Cancel), () => "health");
        using var mismatch = await http.GetAsync("/v1.0/healthz?appid=other", Cancel);

        (await notReady.Content.ReadAsStringAsync(Cancel)).ShouldContain("ERR_HEALTH_NOT_READY");
        ((int)mismatch.StatusCode).ShouldBe(500);
        await client.WaitForSidecarAsync(Cancel);
    }

    [Fact]
    public async Task Metadata_tells_of_components_and_subscriptions()
    {
        await using var run = new DaprRun();
        await using var app = new TestApp
        {
            Subscriptions = new[] { new { pubsubname = "pubsub", topic = run.Topic("t"), route = "/t", deadLetterTopic = run.Topic("dead") } },
        };
        await app.StartAsync();
        await run.WithApp("host", app).StartAsync();
        using var http = run.Http("host");
        using var client = run.Client("host");

        await Poll.Until(async () => (await ReadAsync()).GetProperty("subscriptions").GetArrayLength() == 1, () => "the subscription to be listed");
        await http.PutAsync("/v1.0/metadata/color", new StringContent("blue"), Cancel);
        await client.SetMetadataAsync("shape", "round", Cancel);
        var metadata = await ReadAsync();
        var overGrpc = await client.GetMetadataAsync(Cancel);

        metadata.GetProperty("id").GetString().ShouldBe("host");
        metadata.GetProperty("components").EnumerateArray().Select(component => component.GetProperty("name").GetString()).ShouldBe(["pubsub", "statestore"], ignoreOrder: true);
        metadata.GetProperty("subscriptions")[0].GetProperty("deadLetterTopic").GetString().ShouldBe(run.Topic("dead"));
        metadata.GetProperty("extended").GetProperty("color").GetString().ShouldBe("blue");
        metadata.GetProperty("appConnectionProperties").GetProperty("port").GetInt32().ShouldBe(app.Port);
        overGrpc.Id.ShouldBe("host");
        overGrpc.Extended["shape"].ShouldBe("round");

        async Task<JsonElement> ReadAsync() => await http.GetFromJsonAsync<JsonElement>("/v1.0/metadata", Cancel);
    }

    [Fact]
    public async Task Secrets_come_from_a_file_nested_names_joined()
    {
        await using var run = new DaprRun();
        File.WriteAllText(Path.Combine(run.Folder, "secrets.json"), """{"plain":"one","Twilio":{"AuthToken":"two"}}""");
        run.WithFile("secrets.yaml",
            """
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: { name: secrets }
            spec:
              type: secretstores.local.file
              version: v1
              metadata: [ { name: secretsFile, value: secrets.json }, { name: nestedSeparator, value: ":" } ]
            """);
        await run.WithApp("host").StartAsync();
        using var client = run.Client("host");
        using var http = run.Http("host");

        (await client.GetSecretAsync("secrets", "Twilio:AuthToken", cancellationToken: Cancel)).ShouldBe(new Dictionary<string, string> { ["Twilio:AuthToken"] = "two" });
        (await client.GetBulkSecretAsync("secrets", cancellationToken: Cancel)).Keys.ShouldBe(["plain", "Twilio:AuthToken"], ignoreOrder: true);
        (await http.GetStringAsync("/v1.0/secrets/secrets/plain", Cancel)).ShouldBe("""{"plain":"one"}""");
        using var absent = await http.GetAsync("/v1.0/secrets/secrets/absent", Cancel);
        using var nowhere = await http.GetAsync("/v1.0/secrets/nowhere/plain", Cancel);
        ((int)absent.StatusCode).ShouldBe(500);
        (await absent.Content.ReadAsStringAsync(Cancel)).ShouldContain("ERR_SECRET_GET");
        ((int)nowhere.StatusCode).ShouldBe(401);
        (await nowhere.Content.ReadAsStringAsync(Cancel)).ShouldContain("ERR_SECRET_STORE_NOT_FOUND");
    }

    [Fact]
    public async Task A_configuration_decides_which_secrets_an_app_may_read()
    {
        await using var run = new DaprRun();
        File.WriteAllText(Path.Combine(run.Folder, "secrets.json"), """{"open":"one","closed":"two"}""");
        File.WriteAllText(Path.Combine(run.Folder, "config.yaml"),
            """
            apiVersion: dapr.io/v1alpha1
            kind: Configuration
            metadata: { name: c }
            spec:
              secrets: { scopes: [ { storeName: secrets, defaultAccess: deny, allowedSecrets: [ open ] } ] }
            """);
        run.WithFile("secrets.yaml",
            """
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: { name: secrets }
            spec:
              type: secretstores.local.file
              version: v1
              metadata: [ { name: secretsFile, value: secrets.json } ]
            """);
        await run.WithApp("host", settings: "configFilePath: ./config.yaml").StartAsync();
        using var http = run.Http("host");

        using var open = await http.GetAsync("/v1.0/secrets/secrets/open", Cancel);
        using var closed = await http.GetAsync("/v1.0/secrets/secrets/closed", Cancel);

        ((int)open.StatusCode).ShouldBe(200);
        ((int)closed.StatusCode).ShouldBe(403);
        (await http.GetStringAsync("/v1.0/secrets/secrets/bulk", Cancel)).ShouldNotContain("two");
    }

    [Fact]
    public async Task A_component_may_take_its_values_from_a_secret_store_or_the_environment()
    {
        await using var run = new DaprRun().WithEnvironment("KEY_PREFIX", "from-environment");
        File.WriteAllText(Path.Combine(run.Folder, "secrets.json"), """{"prefix":"from-secret"}""");
        run.WithFile("a-user-of-both.yaml",
            """
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: { name: bysecret }
            spec:
              type: state.in-memory
              version: v1
              metadata: [ { name: keyPrefix, secretKeyRef: { name: prefix, key: prefix } } ]
            auth: { secretStore: secrets }
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: { name: byenvironment }
            spec:
              type: state.in-memory
              version: v1
              metadata: [ { name: keyPrefix, envRef: KEY_PREFIX } ]
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: { name: secrets }
            spec:
              type: secretstores.local.file
              version: v1
              metadata: [ { name: secretsFile, value: secrets.json } ]
            """);
        await run.WithApp("voice").WithApp("host").StartAsync();
        using var voice = run.Client("voice");
        using var host = run.Client("host");

        foreach (var store in (string[])["bysecret", "byenvironment"])
        {
            await voice.SaveStateAsync(store, "k", store, cancellationToken: Cancel);
            // A literal prefix is shared by the apps: proof that the value was read.
            Assert.SkipWhen(DaprRun.IsReal, "In-memory stores are not shared by real sidecars.");
            (await host.GetStateAsync<string>(store, "k", cancellationToken: Cancel)).ShouldBe(store);
        }
    }

    [Fact]
    public async Task The_api_answers_on_both_loopback_addresses_and_on_no_other()
    {
        await using var run = await new DaprRun().WithApp("host").StartAsync();

        foreach (var address in Socket.OSSupportsIPv6 && await HasIPv6Loopback() ? (string[])["127.0.0.1", "[::1]"] : ["127.0.0.1"])
        {
            using var client = new HttpClient { BaseAddress = new Uri($"http://{address}:{run.HttpPort("host")}") };
            (await client.GetAsync("/v1.0/healthz/outbound", Cancel)).IsSuccessStatusCode.ShouldBeTrue(address);
        }
        foreach (var address in (await System.Net.Dns.GetHostAddressesAsync(System.Net.Dns.GetHostName(), Cancel)).Where(address => !System.Net.IPAddress.IsLoopback(address)))
        {
            using var socket = new TcpClient(address.AddressFamily);
            await Should.ThrowAsync<SocketException>(async () => await socket.ConnectAsync(address, run.HttpPort("host"), Cancel));
        }
    }

    [Fact]
    public async Task Shutdown_ends_one_sidecar_and_leaves_the_others()
    {
        Assert.SkipWhen(DaprRun.IsReal, "The CLI ends the run when a sidecar ends.");
        await using var run = await new DaprRun().WithApp("one").WithApp("two").StartAsync();
        using var one = run.Http("one");

        using var response = await one.PostAsync("/v1.0/shutdown", null, Cancel);

        ((int)response.StatusCode).ShouldBe(204);
        await Poll.Until(async () => !await AnswersAsync(one), () => "the sidecar to be gone");
        (await run.Http("two").GetAsync("/v1.0/healthz/outbound", Cancel)).IsSuccessStatusCode.ShouldBeTrue();
    }

    [Theory]
    [InlineData("POST", "/v1.0/publish/pubsub/t", "Transfer-Encoding: chunked\r\n\r\nnonsense\r\n")]
    [InlineData("GET", "/v1.0/state/statestore/%00", "\r\n")]
    [InlineData("GET", "/v1.0/invoke/host/method/a%00b", "\r\n")]
    [InlineData("POST", "/v1.0/publish/bulk/pubsub/t", "Content-Length: 7\r\n\r\n[1,2,3]")]
    [InlineData("POST", "/v1.0/state/statestore", "Content-Length: 35\r\n\r\n[{\"key\":\"\\ud800\",\"value\":\"\\ud800\"}]")]
    public async Task Broken_requests_are_never_a_failure_of_the_sidecar(string method, string path, string rest)
    {
        await using var run = await new DaprRun().WithApp("host").StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", run.HttpPort("host"), Cancel);
        await using var stream = client.GetStream();

        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{rest}"), Cancel);
        using var reader = new StreamReader(stream);
        var answer = await reader.ReadToEndAsync(Cancel);

        answer.ShouldMatch(@"^HTTP/1\.1 (2\d\d|4\d\d|500 Internal Server Error[\s\S]*ERR_DIRECT_INVOKE)");
        answer.ShouldNotContain("ERR_INTERNAL");
    }

    private static async Task<bool> AnswersAsync(HttpClient client)
    {
        try
        {
            using var response = await client.GetAsync("/v1.0/healthz/outbound", Cancel);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<bool> HasIPv6Loopback()
    {
        try
        {
            using var listener = new TcpListener(System.Net.IPAddress.IPv6Loopback, 0);
            listener.Start();
            await Task.CompletedTask;
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
