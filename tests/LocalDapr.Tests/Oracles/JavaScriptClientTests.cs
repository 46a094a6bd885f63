using System.Globalization;
using System.Text.Json;
using KestrelVoice.LocalDapr.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.LocalDapr.Tests.Oracles;

/// <summary>The stock JavaScript client and server, which neither share code with the .NET ones nor make the same calls.</summary>
public sealed class JavaScriptClientTests
{
    private const string Token = "api-secret";

    [Theory]
    [InlineData("http")]
    [InlineData("grpc")]
    public async Task The_stock_client_does_one_of_everything(string protocol)
    {
        await using var run = WithSecrets(new DaprRun());
        await using var app = new TestApp { Subscriptions = new[] { new { pubsubname = "pubsub", topic = run.Topic("t"), route = "/t" } } };
        app.Answer = (request, context) => request.Path == "/internal/echo"
            ? context.Response.WriteAsJsonAsync(new { heard = request.Json.GetProperty("question").GetInt32() }, TestContext.Current.CancellationToken)
            : Task.CompletedTask;
        await app.StartAsync();
        await run.WithApp("host", app).StartAsync();
        var port = protocol == "grpc" ? run.GrpcPort("host") : run.HttpPort("host");

        var seen = await NodeOracle.AskAsync("dapr/client.mjs", protocol, Text(port), run.Mark, Token);

        seen.GetProperty("published").TryGetProperty("error", out _).ShouldBeFalse(seen.ToString());
        seen.GetProperty("publishedText").TryGetProperty("error", out _).ShouldBeFalse(seen.ToString());
        seen.GetProperty("bulk").GetProperty("failedMessages").GetArrayLength().ShouldBe(0);
        seen.GetProperty("got").GetProperty("n").GetInt32().ShouldBe(1);
        seen.GetProperty("absent").ToString().ShouldBeEmpty();
        seen.GetProperty("many").EnumerateArray().Single(item => item.GetProperty("key").GetString()!.StartsWith("a-", StringComparison.Ordinal))
            .GetProperty("data").GetProperty("n").GetInt32().ShouldBe(2);
        seen.GetProperty("mismatch").TryGetProperty("error", out _).ShouldBeTrue(seen.ToString());
        seen.GetProperty("afterDelete").ToString().ShouldBeEmpty();
        seen.GetProperty("secret").GetProperty("plain").GetString().ShouldBe("one");
        seen.GetProperty("id").GetString().ShouldBe("host");
        if (protocol == "http")
            seen.GetProperty("invoked").GetProperty("heard").GetInt32().ShouldBe(42);
        await app.ShouldReceive("/t", 4);
        var data = app.Asked("/t").Select(request => request.Json.GetProperty("data").ToString()).ToArray();
        data.ShouldContain($$"""{"from":"{{protocol}}"}""");
        data.ShouldContain("plain text");
        data.ShouldContain("""{"bulk":2}""");
        app.Asked("/t").ShouldContain(request => request.Attribute("id") == protocol + "-1");
    }

    [Fact]
    public async Task The_stock_server_takes_a_topic_its_dead_letters_and_calls()
    {
        await using var run = WithSecrets(new DaprRun());
        await using var place = new TestApp();
        await run.WithApp("voice").WithApp("host", place).StartAsync();
        await using var server = await NodeOracle.StartAsync("dapr/server.mjs", Text(place.Port), Text(run.HttpPort("host")), run.Mark, Token);
        await Poll.Until(() => server.Lines.Count > 0, () => "the server to start: " + server.Errors);
        using var client = run.Client("voice", Token);

        await client.PublishEventAsync("pubsub", run.Topic("t"), new { call = 1 }, TestContext.Current.CancellationToken);
        await client.PublishEventAsync("pubsub", run.Topic("t"), new { drop = true }, TestContext.Current.CancellationToken);
        await Poll.Until(() => server.Lines.Any(line => line.TryGetProperty("dead", out _)), () => "the dead letter: " + server.Errors);
        await Poll.Until(() => server.Lines.Any(line => IsCall(line)), () => "the event: " + server.Errors);
        using var answer = await run.Http("voice", Token).PostAsync("/v1.0/invoke/host/method/internal/echo",
            new StringContent("""{"question":42}""", System.Text.Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

        (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldBe("""{"answer":42}""");
    }

    private static bool IsCall(JsonElement line) => line.TryGetProperty("data", out var data) && data.TryGetProperty("call", out _);

    private static DaprRun WithSecrets(DaprRun run)
    {
        File.WriteAllText(Path.Combine(run.Folder, "secrets.json"), """{"plain":"one"}""");
        return run.WithEnvironment("DAPR_API_TOKEN", Token).WithFile("secrets.yaml",
            """
            apiVersion: dapr.io/v1alpha1
            kind: Component
            metadata: { name: secrets }
            spec:
              type: secretstores.local.file
              version: v1
              metadata: [ { name: secretsFile, value: secrets.json } ]
            """);
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
