using KestrelVoice.LocalDapr.PubSub;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>One event of a bulk publish.</summary>
internal sealed record BulkEntry(string EntryId, byte[] Event, string ContentType, IReadOnlyDictionary<string, string> Metadata);

/// <summary>Publishing many events in one call; each may fail for itself.</summary>
internal static class BulkPublish
{
    public static async Task<IReadOnlyList<(string EntryId, string Error)>> RunAsync(
        Publisher publisher, string pubSub, string topic, IReadOnlyList<BulkEntry> entries, Func<TraceContext> trace, CancellationToken cancellationToken)
    {
        publisher.Find(pubSub, topic);
        if (entries.Any(entry => entry.EntryId.Length == 0) || entries.DistinctBy(entry => entry.EntryId).Count() != entries.Count)
        {
            throw new ApiException(400, Grpc.Core.StatusCode.InvalidArgument, "ERR_PUBSUB_EVENTS_SER",
                $"error when unmarshaling the request for topic {topic} pubsub {pubSub}: entryId is duplicated or not present for entry")
            {
                Reason = "DAPR_PUBSUB_UNMARSHAL_EVENTS",
            };
        }

        var failures = new List<(string, string)>();
        var sealedEvents = new List<(byte[], IReadOnlyDictionary<string, string>)>(entries.Count);
        foreach (var entry in entries)
        {
            try
            {
                sealedEvents.Add(publisher.Seal(new PublishRequest(pubSub, topic, entry.Event, entry.ContentType, entry.Metadata), trace()));
            }
            catch (ApiException exception)
            {
                failures.Add((entry.EntryId, exception.Message));
            }
        }
        if (sealedEvents.Count > 0)
            await publisher.PublishAsync(pubSub, topic, sealedEvents, cancellationToken);
        return failures;
    }

    /// <summary>Metadata names are read without regard to case; later maps win.</summary>
    public static Dictionary<string, string> Merged(params ReadOnlySpan<IReadOnlyDictionary<string, string>> maps)
    {
        var merged = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var map in maps)
        {
            foreach (var (name, value) in map)
                merged[name] = value;
        }
        return merged;
    }
}
