using System.Diagnostics;
using System.Text.RegularExpressions;

namespace KestrelVoice.LocalDapr.PubSub;

/// <summary>The W3C trace a call belongs to, continued with a span of the sidecar's own.</summary>
internal sealed partial record TraceContext(string TraceParent, string TraceState)
{
    /// <summary>Tracing is off: attributes stay empty and no header is sent on.</summary>
    public static TraceContext Off { get; } = new("", "");

    public bool IsOn => TraceParent.Length > 0;

    public static TraceContext Continue(string? traceParent, string? traceState, double samplingRate)
    {
        if (samplingRate <= 0)
            return Off;
        var span = ActivitySpanId.CreateRandom().ToHexString();
        if (traceParent is not null && Shape().Match(traceParent) is { Success: true } match)
            return new TraceContext($"00-{match.Groups[1].Value}-{span}-{match.Groups[2].Value}", traceState ?? "");
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        return new TraceContext($"00-{trace}-{span}-{(Random.Shared.NextDouble() < samplingRate ? "01" : "00")}", "");
    }

    [GeneratedRegex("^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")]
    private static partial Regex Shape();
}
