using KestrelVoice.Contracts;
using KestrelVoice.Voice.Dapr;

namespace KestrelVoice.Voice.Calls;

/// <summary>A live call: what it began with, so that settings changed meanwhile do not change it, and how it ended.</summary>
internal sealed record CallSession(CallHeader Call, RoutingSettings? Settings, CallEnded? Ended = null);

/// <summary>Live calls in Dapr state. A convenience, never a condition: without it a call goes on by what its URLs say.</summary>
internal sealed class CallSessions(Sidecar sidecar)
{
    // A call lasts four hours at most, and its last callback follows within minutes.
    private static readonly TimeSpan TimeToLive = TimeSpan.FromHours(6);

    public Task<Reading<CallSession>> FindAsync(string callSid) => sidecar.ReadStateAsync<CallSession>(KeyOf(callSid));

    public Task<bool> TrySaveAsync(CallSession session, string? etag = null) =>
        sidecar.TryWriteStateAsync(KeyOf(session.Call.CallSid), session, etag, TimeToLive);

    private static string KeyOf(string callSid) => "call:" + callSid;
}
