using System.Globalization;
using Pairs = System.Collections.Generic.List<System.Collections.Generic.KeyValuePair<string, string>>;

namespace KestrelVoice.CallSimulator;

/// <summary>The parameters that Twilio sends, with its names and in its formats.</summary>
internal sealed class CallParameters(CallPlan plan, string callSid, string callToken)
{
    private static readonly string[] Places = ["City", "State", "Zip", "Country"];

    private int statusSequence;

    /// <summary>What accompanies every request of a call.</summary>
    public Pairs Base(string callStatus)
    {
        Pairs parameters =
        [
            new("CallSid", callSid),
            new("AccountSid", plan.AccountSid),
            new("From", plan.From),
            new("To", plan.To),
            new("CallStatus", callStatus),
            new("ApiVersion", "2010-04-01"),
            new("Direction", "inbound"),
            new("Caller", plan.From),
            new("Called", plan.To),
        ];
        foreach (var (party, number) in new[] { ("From", plan.From), ("Caller", plan.From), ("To", plan.To), ("Called", plan.To) })
        {
            foreach (var place in Places)
                parameters.Add(new(party + place, place == "Country" && number.StartsWith("+1", StringComparison.Ordinal) ? "US" : ""));
        }

        if (plan.CallerName is { } name)
            parameters.Add(new("CallerName", name));
        if (plan.ForwardedFrom is { } forwardedFrom)
            parameters.Add(new("ForwardedFrom", forwardedFrom));
        parameters.Add(new("CallToken", callToken));
        return parameters;
    }

    /// <summary>The callback at the end of the call.</summary>
    public Pairs Ended(string callStatus, int seconds, DateTimeOffset now)
    {
        var parameters = Base(callStatus);
        parameters.AddRange(
        [
            new("CallDuration", Number(seconds)),
            new("Duration", Number((seconds + 59) / 60)),
            new("Timestamp", Rfc2822(now)),
            new("CallbackSource", "call-progress-events"),
            new("SequenceNumber", Number(statusSequence++)),
        ]);
        if (SipCode(callStatus) is { } code)
            parameters.Add(new("SipResponseCode", code));
        return parameters;
    }

    /// <summary>A callback about a dialled phone.</summary>
    public Pairs Leg(string legSid, string from, string number, string legStatus, int sequence, int? seconds, DateTimeOffset now)
    {
        Pairs parameters =
        [
            new("CallSid", legSid),
            new("ParentCallSid", callSid),
            new("AccountSid", plan.AccountSid),
            new("From", from),
            new("To", number),
            new("Caller", from),
            new("Called", number),
            new("CallStatus", legStatus),
            new("ApiVersion", "2010-04-01"),
            new("Direction", "outbound-dial"),
            new("Timestamp", Rfc2822(now)),
            new("CallbackSource", "call-progress-events"),
            new("SequenceNumber", Number(sequence)),
        ];
        if (seconds is { } talked)
            parameters.AddRange([new("CallDuration", Number(talked)), new("Duration", Number((talked + 59) / 60))]);
        if (SipCode(legStatus) is { } code)
            parameters.Add(new("SipResponseCode", code));
        return parameters;
    }

    /// <summary>A callback about a recording.</summary>
    public Pairs Recording(
        string recordingSid, string url, string recordingStatus, int seconds, int channels, string source, string track, DateTimeOffset startedAt)
    {
        Pairs parameters =
        [
            new("AccountSid", plan.AccountSid),
            new("CallSid", callSid),
            new("RecordingSid", recordingSid),
            new("RecordingUrl", url),
            new("RecordingStatus", recordingStatus),
            new("RecordingDuration", recordingStatus == "completed" ? Number(seconds) : "0"),
            new("RecordingChannels", Number(channels)),
            new("RecordingStartTime", Rfc2822(startedAt)),
            new("RecordingSource", source),
            new("RecordingTrack", track),
        ];
        if (recordingStatus == "absent")
            parameters.Add(new("ErrorCode", "0"));
        return parameters;
    }

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    public static string Rfc2822(DateTimeOffset instant) =>
        instant.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);

    private static string? SipCode(string status) => status switch
    {
        "busy" => "486",
        "no-answer" or "canceled" => "487",
        "failed" => "404",
        _ => null,
    };
}
