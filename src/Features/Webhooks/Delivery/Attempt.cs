namespace KestrelVoice.Features.Webhooks.Delivery;

/// <summary>Messages of one endpoint that take turns: all of them, or those that wait behind nothing.</summary>
internal readonly record struct LaneKey(Guid TenantId, Guid EndpointId, bool Urgent);

/// <summary>An attempt that is ours to make: the message is leased, and the log says that it began.</summary>
/// <param name="LeasedUntil">Also what the lease is known by.</param>
/// <param name="Number">Its place in the log. An attempt whose maker died is made again under the same number.</param>
/// <param name="Manual">Somebody asked for it; the schedule goes on as if it had not been.</param>
/// <param name="Tries">Attempts that the schedule made before.</param>
/// <param name="Payload">The bytes to send; null when they are older than the retention.</param>
internal sealed record Attempt(
    Guid MessageId, int Number, bool Manual, int Tries, bool IsTest, Guid EventId, long? Sequence, byte[]? Payload, DateTime LeasedUntil);

/// <summary>Where messages go and what signs them, as it is at this moment.</summary>
/// <param name="Keys">Valid ones, newest first.</param>
internal sealed record Receiver(string Url, IReadOnlyDictionary<string, string> Headers, IReadOnlyList<byte[]> Keys, int RateLimit);
