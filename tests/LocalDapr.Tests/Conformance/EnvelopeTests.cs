using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using KestrelVoice.LocalDapr.Tests.Harness;

namespace KestrelVoice.LocalDapr.Tests.Conformance;

/// <summary>Behaviour 1 and 7: what a publish becomes on its way to a subscriber.</summary>
public sealed class EnvelopeTests : IAsyncLifetime
{
    private readonly DaprRun _run = new();
    private TestApp _app = null!;

    private CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _app = new TestApp { Subscriptions = new[] { new { pubsubname = "pubsub", topic = _run.Topic("t"), route = "/events" } } };
        await _app.StartAsync();
        await _run.WithApp("voice").WithApp("host", _app).StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _run.DisposeAsync();
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task A_json_publish_arrives_in_an_envelope_of_the_publishing_app()
    {
        using var client = _run.Client("voice");

        await client.PublishEventAsync("pubsub", _run.Topic("t"), new { number = 1.50m, name = "a<b" }, Cancel);

        var received = await _app.ShouldReceive("/events");
        received.Headers["content-type"].ShouldBe("application/cloudevents+json");
        received.Headers["pubsubname"].ShouldBe("pubsub");
        received.Attribute("source").ShouldBe("voice");
        received.Attribute("type").ShouldBe("com.dapr.event.sent");
        received.Attribute("specversion").ShouldBe("1.0");
        received.Attribute("datacontenttype").ShouldBe("application/json");
        received.Attribute("topic").ShouldBe(_run.Topic("t"));
        received.Attribute("pubsubname").ShouldBe("pubsub");
        Guid.TryParse(received.Attribute("id"), out _).ShouldBeTrue();
        received.Attribute("time").ShouldMatch(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$");
        received.Json.GetProperty("data").GetProperty("number").GetRawText().ShouldBe("1.50");
        received.Text.ShouldContain("\"name\":\"a\\u003cb\"");
        var names = received.Json.EnumerateObject().Select(member => member.Name).ToArray();
        names.ShouldBe(names.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("", "plain", "text/plain", "data", "plain")]
    [InlineData("text/html", "<p>", "text/html", "data", "<p>")]
    [InlineData("application/xml", "<a/>", "application/xml", "data", "<a/>")]
    [InlineData("application/octet-stream", "abc", "application/octet-stream", "data_base64", "YWJj")]
    [InlineData("application/json", "{not json", "application/json", "data", "{not json")]
    [InlineData("application/vnd.x+json", "{\"a\":1}", "application/vnd.x+json", "data", "{\"a\":1}")]
    public async Task The_content_type_decides_how_data_travels(string contentType, string body, string expectedType, string attribute, string expected)
    {
        using var response = await PublishAsync(body, contentType);

        response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        var received = await _app.ShouldReceive("/events");
        received.Attribute("datacontenttype").ShouldBe(expectedType);
        received.Attribute(attribute).ShouldBe(expected);
    }

    [Fact]
    public async Task Cloudevent_metadata_overrides_attributes_but_not_topic_and_pubsub()
    {
        using var client = _run.Client("voice");
        var metadata = new Dictionary<string, string>
        {
            ["cloudevent.id"] = "event-1",
            ["cloudevent.type"] = "call.ended",
            ["cloudevent.source"] = "elsewhere",
            ["cloudevent.subject"] = "a call",
            ["cloudevent.topic"] = "other",
            ["partitionKey"] = "CA1",
        };

        await client.PublishEventAsync("pubsub", _run.Topic("t"), new { a = 1 }, metadata, Cancel);

        var received = await _app.ShouldReceive("/events");
        received.Attribute("id").ShouldBe("event-1");
        received.Attribute("type").ShouldBe("call.ended");
        received.Attribute("source").ShouldBe("elsewhere");
        received.Attribute("subject").ShouldBe("a call");
        received.Attribute("topic").ShouldBe(_run.Topic("t"));
    }

    [Fact]
    public async Task The_callers_trace_is_continued_with_a_span_of_the_sidecar()
    {
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        using var request = Publish("{}", "application/json");
        request.Headers.Add("traceparent", $"00-{Trace}-b7ad6b7169203331-01");

        using var response = await _run.Http("voice").SendAsync(request, Cancel);

        var received = await _app.ShouldReceive("/events");
        received.Attribute("traceparent").ShouldStartWith($"00-{Trace}-");
        received.Attribute("traceparent").ShouldNotContain("b7ad6b7169203331");
        received.Attribute("traceid").ShouldBe(received.Attribute("traceparent"));
        received.Headers["traceparent"].ShouldContain(Trace);
    }

    [Fact]
    public async Task A_finished_cloudevent_keeps_its_attributes()
    {
        const string Event = """{"id":"mine","source":"me","type":"x.y","specversion":"1.0","datacontenttype":"application/json","data":{"b":1,"a":2},"topic":"lie"}""";

        using var response = await PublishAsync(Event, "application/cloudevents+json");

        var received = await _app.ShouldReceive("/events");
        received.Attribute("id").ShouldBe("mine");
        received.Attribute("source").ShouldBe("me");
        received.Attribute("type").ShouldBe("x.y");
        received.Attribute("topic").ShouldBe(_run.Topic("t"));
        received.Json.GetProperty("data").GetProperty("a").GetInt32().ShouldBe(2);
    }

    [Fact]
    public async Task A_cloudevent_that_is_no_json_is_refused()
    {
        using var response = await PublishAsync("nonsense", "application/cloudevents+json");

        response.StatusCode.ShouldNotBe(HttpStatusCode.NoContent);
        ((int)response.StatusCode).ShouldBe(400);
    }

    [Fact]
    public async Task A_raw_payload_is_stored_without_an_envelope_and_dead_on_arrival_for_a_subscriber_of_envelopes()
    {
        using var response = await PublishAsync("not an envelope", "text/plain", "?metadata.rawPayload=true");
        using var next = await PublishAsync("next", "text/plain");

        response.StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await _app.ShouldReceive("/events")).Attribute("data").ShouldBe("next");
        _app.Asked("/events").Count.ShouldBe(1);
    }

    [Fact]
    public async Task An_expired_event_is_never_delivered()
    {
        const string Expired = """{"id":"old","source":"me","type":"x","specversion":"1.0","data":1,"expiration":"2020-01-01T00:00:00Z"}""";
        using var old = await PublishAsync(Expired, "application/cloudevents+json");
        using var fresh = await PublishAsync("fresh", "text/plain", "?metadata.ttlInSeconds=60");

        var received = await _app.ShouldReceive("/events");
        received.Attribute("data").ShouldBe("fresh");
        DateTimeOffset.Parse(received.Attribute("expiration"), System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThan(DateTimeOffset.Parse(received.Attribute("time"), System.Globalization.CultureInfo.InvariantCulture));
        _app.Asked("/events").Count.ShouldBe(1);
    }

    [Theory]
    [InlineData("nobody", "t", 404, "ERR_PUBSUB_NOT_FOUND")]
    [InlineData("pubsub", "", 404, "ERR_TOPIC_NAME_EMPTY")]
    public async Task A_publish_to_nowhere_is_refused(string pubSub, string topic, int status, string code)
    {
        using var response = await _run.Http("voice").PostAsync($"/v1.0/publish/{pubSub}/{topic}", new StringContent("x"), Cancel);

        ((int)response.StatusCode).ShouldBe(status);
        JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancel)).RootElement.GetProperty("errorCode").GetString().ShouldBe(code);
    }

    [Theory]
    [InlineData("?metadata.ttlInSeconds=never")]
    [InlineData("?metadata.ttlInSeconds=-5")]
    [InlineData("?metadata.rawPayload=perhaps")]
    public async Task Metadata_without_meaning_is_a_bad_request(string query)
    {
        using var response = await PublishAsync("x", "text/plain", query);

        response.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await response.Content.ReadAsStringAsync(Cancel)).ShouldContain("ERR_PUBSUB_REQUEST_METADATA");
    }

    private Task<HttpResponseMessage> PublishAsync(string body, string contentType, string query = "") =>
        _run.Http("voice").SendAsync(Publish(body, contentType, query), Cancel);

    private HttpRequestMessage Publish(string body, string contentType, string query = "")
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
        if (contentType.Length > 0)
            content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return new HttpRequestMessage(HttpMethod.Post, $"/v1.0/publish/pubsub/{_run.Topic("t")}{query}") { Content = content };
    }
}
