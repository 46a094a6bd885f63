using KestrelVoice.Contracts;

namespace KestrelVoice.Voice.Calls;

/// <summary>Routes that our own TwiML names.</summary>
internal static class CallUrls
{
    public const string Prefix = "/voice";
    public const string IncomingRoute = "/incoming";
    public const string StatusRoute = "/status";
    public const string TurnRoute = "/turn";
    public const string DialedRoute = "/dialed";
    public const string RecordedRoute = "/recorded";
    public const string CallRecordingRoute = "/recording/call";
    public const string VoicemailRecordingRoute = "/recording/voicemail";

    public const string PartiesParameter = "p";

    // Read by Twilio, not signed: our slowest answer stays below rt, and two attempts fit into its ceiling of 15 s.
    private const string Overrides = "#ct=2000&rt=7000&rc=3&rp=ct,rt,5xx";

    public static Uri Turn(string baseUrl, CallPosition position) => Of(baseUrl, TurnRoute, position);

    public static Uri Dialed(string baseUrl, CallPosition position) => Of(baseUrl, DialedRoute, position);

    public static Uri Recorded(string baseUrl, CallPosition position) => Of(baseUrl, RecordedRoute, position);

    public static Uri Recording(string baseUrl, RecordingKind kind, CallPosition position, string sealedParties) =>
        Of(baseUrl, kind == RecordingKind.Voicemail ? VoicemailRecordingRoute : CallRecordingRoute, position, $"&{PartiesParameter}={sealedParties}");

    private static Uri Of(string baseUrl, string route, CallPosition position, string more = "") =>
        new(baseUrl + Prefix + route + position.ToQuery() + more + Overrides, UriKind.Absolute);
}
