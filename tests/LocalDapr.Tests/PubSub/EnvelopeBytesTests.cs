using System.Text;
using System.Text.Json;
using KestrelVoice.LocalDapr.PubSub;

namespace KestrelVoice.LocalDapr.Tests.PubSub;

public sealed class EnvelopeBytesTests
{
    private static readonly DateTimeOffset s_now = new(2026, 3, 1, 12, 0, 0, 500, TimeSpan.Zero);

    [Theory]
    [InlineData("""{"b":1,"a":{"d":2,"c":[3,{"z":1,"y":2}]}}""", """{"a":{"c":[3,{"y":2,"z":1}],"d":2},"b":1}""")]
    [InlineData("""{"n":1.0,"m":12345678901234567890.123,"e":1E5}""", """{"e":1E5,"m":12345678901234567890.123,"n":1.0}""")]
    [InlineData("""{"a":1,"a":2}""", """{"a":2}""")]
    [InlineData("[]", "[]")]
    [InlineData("{}", "{}")]
    [InlineData("null", "null")]
    [InlineData("\"<b>&\\u2028é/\"", "\"\\u003cb\\u003e\\u0026\\u2028é/\"")]
    [InlineData("\"\\u0001\\n\\t\"", "\"\\u0001\\n\\t\"")]
    public void Data_is_written_as_go_writes_it(string data, string expected)
    {
        var envelope = Build("application/json", data);

        envelope.ShouldContain($"\"data\":{expected},");
    }

    [Fact]
    public void The_whole_envelope_is_as_daprd_stores_it()
    {
        var envelope = Build("application/json; charset=utf-8", "{}", new Dictionary<string, string> { ["cloudevent.id"] = "1", ["ttlInSeconds"] = "60" });

        envelope.ShouldBe(
            """{"data":{},"datacontenttype":"application/json; charset=utf-8","expiration":"2026-03-01T12:01:00Z","id":"1","pubsubname":"pubsub","source":"voice","specversion":"1.0","time":"2026-03-01T12:00:00Z","topic":"calls","traceid":"","traceparent":"","tracestate":"","type":"com.dapr.event.sent"}""");
    }

    [Fact]
    public void A_finished_event_without_a_trace_id_is_given_the_sidecars_trace()
    {
        var trace = new TraceContext("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "");
        var request = new PublishRequest("pubsub", "calls", Encoding.UTF8.GetBytes("""{"id":"1","traceparent":"theirs"}"""), "application/cloudevents+json", new Dictionary<string, string>());

        var envelope = JsonDocument.Parse(Envelope.Build(request, "voice", trace, s_now, nativeTtl: false)).RootElement;

        envelope.GetProperty("traceparent").GetString().ShouldBe(trace.TraceParent);
        envelope.GetProperty("traceid").GetString().ShouldBe(trace.TraceParent);
        envelope.GetProperty("source").GetString().ShouldBe("Dapr");
        envelope.GetProperty("type").GetString().ShouldBe("com.dapr.event.sent");
        envelope.GetProperty("time").GetString().ShouldBe("2026-03-01T12:00:00Z");
    }

    [Theory]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01", false)]
    [InlineData("nonsense", false)]
    [InlineData(null, false)]
    public void A_trace_is_continued_only_when_it_is_one(string? traceParent, bool continued)
    {
        var trace = TraceContext.Continue(traceParent, null, samplingRate: 1);

        trace.TraceParent.ShouldMatch("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$");
        trace.TraceParent.Contains("0af7651916cd43dd8448eb211c80319c", StringComparison.Ordinal).ShouldBe(continued);
        TraceContext.Continue(traceParent, null, samplingRate: 0).IsOn.ShouldBeFalse();
    }

    private static string Build(string contentType, string data, Dictionary<string, string>? metadata = null) => Encoding.UTF8.GetString(Envelope.Build(
        new PublishRequest("pubsub", "calls", Encoding.UTF8.GetBytes(data), contentType, metadata ?? []), "voice", TraceContext.Off, s_now, nativeTtl: false));
}
