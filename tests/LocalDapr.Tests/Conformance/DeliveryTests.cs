using System.Net.Http.Json;
using System.Text;
using KestrelVoice.LocalDapr.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.LocalDapr.Tests.Conformance;

/// <summary>Behaviours 2, 3, 4 and 13: how a reply is read, what failure leads to, and who gets a copy.</summary>
public sealed class DeliveryTests
{
    private const string FastRetries =
        """
        policies:
          retries:
            deliver: { policy: constant, duration: 50ms, maxRetries: 2 }
        targets:
          components:
            pubsub: { inbound: { retry: deliver } }
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(200, "", 1, false)]
    [InlineData(204, "", 1, false)]
    [InlineData(200, "thanks", 1, false)]
    [InlineData(200, "{\"ok\":true}", 1, false)]
    [InlineData(200, "{\"status\":\"\"}", 1, false)]
    [InlineData(200, "{\"status\":\"SUCCESS\"}", 1, false)]
    [InlineData(200, "{\"Status\":\"DROP\"}", 1, true)]
    [InlineData(200, "{\"status\":\"RETRY\"}", 3, true)]
    [InlineData(200, "{\"status\":\"success\"}", 3, true)]
    [InlineData(200, "{\"status\":\"completed\"}", 3, true)]
    [InlineData(404, "", 1, true)]
    [InlineData(404, "{\"status\":\"SUCCESS\"}", 1, true)]
    [InlineData(400, "{\"status\":\"DROP\"}", 3, true)]
    [InlineData(401, "", 3, true)]
    [InlineData(302, "", 3, true)]
    [InlineData(500, "{\"status\":\"SUCCESS\"}", 3, true)]
    public async Task The_reply_decides(int status, string body, int attempts, bool deadLettered)
    {
        await using var run = new DaprRun().WithResiliency(FastRetries);
        await using var app = Subscriber(run, "t", deadLetters: true);
        app.Answer = async (request, context) =>
        {
            if (request.Path == "/t" && request.Attribute("data") == "first")
            {
                context.Response.StatusCode = status;
                if (body.Length > 0)
                    await context.Response.WriteAsync(body, context.RequestAborted);
            }
        };
        await StartAsync(run, app);
        using var client = run.Client("host");

        await client.PublishEventAsync("pubsub", run.Topic("t"), "first", Cancel);
        await app.ShouldReceive("/t", attempts);
        if (deadLettered)
            await app.ShouldReceive("/dead");
        // A later message that was handled shows that nothing more comes of the first.
        await client.PublishEventAsync("pubsub", run.Topic("t"), "second", Cancel);

        await app.ShouldReceive("/t", attempts + 1);
        app.Asked("/t").Count.ShouldBe(attempts + 1);
        app.Asked("/dead").Count.ShouldBe(deadLettered ? 1 : 0);
    }

    [Fact]
    public async Task A_dead_letter_is_the_same_bytes_and_names_the_topic_it_came_from()
    {
        await using var run = new DaprRun();
        await using var app = Subscriber(run, "t", deadLetters: true);
        app.Answer = FailAt("/t");
        await StartAsync(run, app);
        using var client = run.Client("host");

        await client.PublishEventAsync("pubsub", run.Topic("t"), new { text = "a & b" }, Cancel);

        var dead = await app.ShouldReceive("/dead");
        var first = app.Asked("/t").ShouldHaveSingleItem();
        dead.Body.ShouldBe(first.Body);
        dead.Attribute("topic").ShouldBe(run.Topic("t"));
    }

    [Fact]
    public async Task Without_a_dead_letter_topic_a_message_that_fails_is_gone()
    {
        await using var run = new DaprRun();
        await using var app = Subscriber(run, "t", deadLetters: false);
        app.Answer = (request, context) =>
        {
            context.Response.StatusCode = request.Attribute("data") == "lost" ? 500 : 200;
            return Task.CompletedTask;
        };
        await StartAsync(run, app);
        using var client = run.Client("host");

        await client.PublishEventAsync("pubsub", run.Topic("t"), "lost", Cancel);
        await app.ShouldReceive("/t");
        if (!DaprRun.IsReal)
            await Poll.Until(() => run.Console.Contains("is lost", StringComparison.Ordinal), "an error on the console");
        await client.PublishEventAsync("pubsub", run.Topic("t"), "kept", Cancel);
        await app.ShouldReceive("/t", 2);

        app.Asked("/t").Select(request => request.Attribute("data")).ShouldBe(["lost", "kept"], ignoreOrder: true);
    }

    [Fact]
    public async Task Retries_matched_by_status_code_leave_other_codes_alone()
    {
        await using var run = new DaprRun().WithResiliency(
            """
            policies:
              retries:
                deliver: { policy: constant, duration: 50ms, maxRetries: 3, matching: { httpStatusCodes: "429,500-599" } }
            targets:
              components:
                pubsub: { inbound: { retry: deliver } }
            """);
        await using var app = Subscriber(run, "t", deadLetters: true);
        app.Answer = (request, context) =>
        {
            context.Response.StatusCode = request.Path != "/t" ? 200 : request.Text.Contains("\"permanent\"", StringComparison.Ordinal) ? 400 : 503;
            return Task.CompletedTask;
        };
        await StartAsync(run, app);
        using var client = run.Client("host");

        await client.PublishEventAsync("pubsub", run.Topic("t"), "permanent", Cancel);
        await client.PublishEventAsync("pubsub", run.Topic("t"), "passing", Cancel);
        await app.ShouldReceive("/dead", 2);

        app.Asked("/t").Count(request => request.Attribute("data") == "permanent").ShouldBe(1);
        app.Asked("/t").Count(request => request.Attribute("data") == "passing").ShouldBe(4);
    }

    [Fact]
    public async Task Every_app_gets_a_copy_and_rules_choose_the_route()
    {
        await using var run = new DaprRun();
        await using var routed = new TestApp
        {
            Subscriptions = new[]
            {
                new
                {
                    PubsubName = "pubsub",
                    Topic = run.Topic("t"),
                    Routes = new { Rules = new[] { new { Match = "event.type == \"call.ended\"", Path = "events/ended" } }, Default = "events/other" },
                },
            },
        };
        await using var plain = new TestApp { Subscriptions = new[] { new { pubsubname = "pubsub", topic = run.Topic("t"), route = "all" } } };
        await routed.StartAsync();
        await plain.StartAsync();
        await run.WithApp("routed", routed).WithApp("plain", plain).StartAsync();
        using var client = run.Client("routed");

        await client.PublishEventAsync("pubsub", run.Topic("t"), 1, new Dictionary<string, string> { ["cloudevent.type"] = "call.ended" }, Cancel);
        await client.PublishEventAsync("pubsub", run.Topic("t"), 2, new Dictionary<string, string> { ["cloudevent.type"] = "call.turn" }, Cancel);

        (await routed.ShouldReceive("/events/ended")).Json.GetProperty("data").GetInt32().ShouldBe(1);
        (await routed.ShouldReceive("/events/other")).Json.GetProperty("data").GetInt32().ShouldBe(2);
        await plain.ShouldReceive("/all", 2);
        plain.Asked("/all").Select(request => request.Json.GetProperty("data").GetInt32()).ShouldBe([1, 2], ignoreOrder: true);
    }

    [Fact]
    public async Task Apps_of_one_consumer_group_compete_and_what_one_gives_back_the_other_takes()
    {
        await using var run = new DaprRun();
        run.WithPubSub("- { name: consumerID, value: \"workers\" }");
        await using var one = Subscriber(run, "t", deadLetters: false);
        await using var two = Subscriber(run, "t", deadLetters: false);
        await one.StartAsync();
        await two.StartAsync();
        await run.WithApp("one", one).WithApp("two", two).StartAsync();
        using var client = run.Client("one");

        foreach (var i in Enumerable.Range(0, 50))
            await client.PublishEventAsync("pubsub", run.Topic("t"), i, Cancel);
        await Poll.Until(() => one.Asked("/t").Count + two.Asked("/t").Count >= 50, "fifty deliveries in all");

        one.Asked("/t").Concat(two.Asked("/t")).Select(request => request.Json.GetProperty("data").GetInt32()).ShouldBe(Enumerable.Range(0, 50), ignoreOrder: true);
    }

    [Fact]
    public async Task No_more_calls_reach_an_app_at_once_than_it_wants()
    {
        await using var run = new DaprRun();
        await using var app = Subscriber(run, "t", deadLetters: false);
        var (now, most) = (0, 0);
        app.Answer = async (_, _) =>
        {
            var current = Interlocked.Increment(ref now);
            for (var seen = most; current > seen; seen = most)
                Interlocked.CompareExchange(ref most, current, seen);
            await Task.Delay(20, Cancel);
            Interlocked.Decrement(ref now);
        };
        await app.StartAsync();
        await run.WithApp("host", app, "appMaxConcurrency: 2").StartAsync();
        using var client = run.Client("host");

        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => client.PublishEventAsync("pubsub", run.Topic("t"), i, Cancel)));
        await app.ShouldReceive("/t", 20);

        most.ShouldBe(2);
    }

    [Fact]
    public async Task Metadata_of_the_publisher_cannot_speak_for_the_sidecar()
    {
        await using var run = new DaprRun().WithEnvironment("APP_API_TOKEN", "app-secret");
        await using var app = Subscriber(run, "t", deadLetters: false);
        await StartAsync(run, app);
        using var client = run.Client("host");

        await client.PublishEventAsync("pubsub", run.Topic("t"), 1,
            new Dictionary<string, string> { ["dapr-api-token"] = "forged", ["content-type"] = "text/plain", ["Color"] = "blue" }, Cancel);

        var received = await app.ShouldReceive("/t");
        received.Headers["dapr-api-token"].ShouldBe("app-secret");
        received.Headers["content-type"].ShouldBe("application/cloudevents+json");
        received.Headers["color"].ShouldBe("blue");
    }

    [Fact]
    public async Task Bulk_publishing_reports_what_failed_and_delivers_the_rest()
    {
        await using var run = new DaprRun();
        await using var app = Subscriber(run, "t", deadLetters: false);
        await StartAsync(run, app);
        using var client = run.Client("host");
        using var http = run.Http("host");

        var response = await client.BulkPublishEventAsync("pubsub", run.Topic("t"), (string[])["a", "b"], cancellationToken: Cancel);
        using var mixed = await http.PostAsJsonAsync($"/v1.0/publish/bulk/pubsub/{run.Topic("t")}", new object[]
        {
            new { entryId = "1", @event = "good", contentType = "text/plain" },
            new { entryID = "2", @event = "no event", contentType = "application/cloudevents+json" },
        }, Cancel);
        using var doubled = await http.PostAsync($"/v1.0/publish/bulk/pubsub/{run.Topic("t")}",
            new StringContent("""[{"entryId":"1","event":"x","contentType":"text/plain"},{"entryId":"1","event":"y","contentType":"text/plain"}]""", Encoding.UTF8, "application/json"), Cancel);

        response.FailedEntries.ShouldBeEmpty();
        ((int)mixed.StatusCode).ShouldBe(500);
        (await mixed.Content.ReadAsStringAsync(Cancel)).ShouldContain("\"entryId\":\"2\"");
        ((int)doubled.StatusCode).ShouldBe(400);
        await app.ShouldReceive("/t", 3);
        app.Asked("/t").Select(request => request.Attribute("data")).ShouldBe(["a", "b", "good"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_raw_subscription_wraps_bytes_anew()
    {
        await using var run = new DaprRun();
        await using var app = new TestApp
        {
            Subscriptions = new[] { new { pubsubname = "pubsub", topic = run.Topic("t"), route = "/t", metadata = new { rawPayload = "true" } } },
        };
        await StartAsync(run, app);

        using var response = await run.Http("host").PostAsync($"/v1.0/publish/pubsub/{run.Topic("t")}?metadata.rawPayload=true", new StringContent("abc"), Cancel);

        var received = await app.ShouldReceive("/t");
        received.Attribute("data_base64").ShouldBe("YWJj");
        received.Attribute("datacontenttype").ShouldBe("application/octet-stream");
        received.Json.TryGetProperty("data", out _).ShouldBeFalse();
    }

    private static TestApp Subscriber(DaprRun run, string topic, bool deadLetters) => new()
    {
        Subscriptions = deadLetters
            ? new object[]
            {
                new { pubsubname = "pubsub", topic = run.Topic(topic), route = "/" + topic, deadLetterTopic = run.Topic("dead") },
                new { pubsubname = "pubsub", topic = run.Topic("dead"), route = "/dead" },
            }
            : [new { pubsubname = "pubsub", topic = run.Topic(topic), route = "/" + topic }],
    };

    private static async Task StartAsync(DaprRun run, TestApp app)
    {
        await app.StartAsync();
        await run.WithApp("host", app).StartAsync();
    }

    private static Func<Received, HttpContext, Task> FailAt(string path) => (request, context) =>
    {
        if (request.Path == path)
            context.Response.StatusCode = 500;
        return Task.CompletedTask;
    };
}
