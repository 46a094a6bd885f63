using KestrelVoice.Contracts;

namespace KestrelVoice.Voice.Dapr;

/// <summary>What became of a request's events.</summary>
internal enum Acceptance
{
    /// <summary>The sidecar has them all.</summary>
    Published,

    /// <summary>What the sidecar did not take is on disk.</summary>
    Spooled,

    /// <summary>Neither; the same webhook must come again.</summary>
    Lost,
}

internal sealed partial class CallEventPublisher(Sidecar sidecar, EventSpool spool, SpoolDrainer drainer, ILogger<CallEventPublisher> logger)
{
    /// <summary>Independent of the request: Twilio may have given up waiting, and the events have happened all the same.</summary>
    public async Task<Acceptance> AcceptAsync(IReadOnlyList<CallEvent> events)
    {
        var acceptances = await Task.WhenAll(events.Select(callEvent => AcceptAsync(OutgoingEvent.Of(callEvent))));
        return acceptances.DefaultIfEmpty(Acceptance.Published).Max();
    }

    private async Task<Acceptance> AcceptAsync(OutgoingEvent outgoing)
    {
        if (await sidecar.TryPublishAsync(outgoing, CancellationToken.None))
            return Acceptance.Published;
        try
        {
            await spool.WriteAsync(outgoing);
            drainer.Wake();
            return Acceptance.Spooled;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogLost(failure, outgoing.EventId, outgoing.CallSid);
            return Acceptance.Lost;
        }
    }

    [LoggerMessage(LogLevel.Error, "Event {EventId} of call {CallSid} could neither be published nor written to disk.")]
    private partial void LogLost(Exception failure, string eventId, string callSid);
}
