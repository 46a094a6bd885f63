using Grpc.Core;
using KestrelVoice.LocalDapr.Api;
using KestrelVoice.LocalDapr.Resiliency;
using KestrelVoice.LocalDapr.Resources;
using Microsoft.Data.Sqlite;

namespace KestrelVoice.LocalDapr.PubSub;

/// <summary>Publishing as one app: scopes, envelope, outbound policy, and the log that makes it durable.</summary>
internal sealed class Publisher(string appId, AppResources resources, MessageLog log, TimeProvider clock)
{
    private readonly Dictionary<string, (Component Component, TopicScopes Scopes, Retention Retention)> _components = resources.Components.Values
        .Where(component => component.IsPubSub)
        .ToDictionary(
            component => component.Name,
            component => (component, new TopicScopes(component, appId), RetentionOf(component)),
            StringComparer.Ordinal);

    public bool Any => _components.Count > 0;

    public Task PublishAsync(PublishRequest request, TraceContext trace, CancellationToken cancellationToken) =>
        PublishAsync(request.PubSub, request.Topic, [Seal(request, trace)], cancellationToken);

    /// <summary>Checks name, topic and scope, and builds the bytes to store.</summary>
    public (byte[] Data, IReadOnlyDictionary<string, string> Metadata) Seal(PublishRequest request, TraceContext trace)
    {
        var component = Find(request.PubSub, request.Topic);
        try
        {
            return (Envelope.Build(request, appId, trace, clock.GetUtcNow(), nativeTtl: component.Type == "pubsub.rabbitmq"), request.Metadata);
        }
        catch (BadMetadataException exception)
        {
            throw Error(400, StatusCode.InvalidArgument, "ERR_PUBSUB_REQUEST_METADATA", "DAPR_PUBSUB_METADATA_DESERIALIZATION",
                $"failed deserializing metadata. Error: {exception.Message}");
        }
        catch (BadEnvelopeException exception)
        {
            throw Error(400, StatusCode.InvalidArgument, "ERR_PUBSUB_EVENTS_SER", "DAPR_PUBSUB_MARSHAL_ENVELOPE",
                $"error when marshalling cloud event envelope for topic {request.Topic} pubsub {request.PubSub}: {exception.Message}");
        }
    }

    public async Task PublishAsync(
        string pubSub, string topic, IReadOnlyList<(byte[] Data, IReadOnlyDictionary<string, string> Metadata)> messages, CancellationToken cancellationToken)
    {
        var retention = _components[pubSub].Retention;
        var attempt = await resources.Resiliency.ForPubSubOutbound(pubSub).RunAsync(
            async _ =>
            {
                try
                {
                    await log.PublishAsync(pubSub, topic, retention, messages);
                    return Attempt<bool>.Success(true);
                }
                catch (Exception exception) when (exception is SqliteException or InvalidOperationException)
                {
                    return Attempt<bool>.Failure(exception.Message);
                }
            },
            cancellationToken);
        if (attempt.Failed)
        {
            throw Error(500, StatusCode.Internal, "ERR_PUBSUB_PUBLISH_MESSAGE", "DAPR_PUBSUB_PUBLISH_MESSAGE",
                $"error when publishing to topic {topic} in pubsub {pubSub}: {attempt.Reason}");
        }
    }

    /// <summary>The component, if this app may publish to the topic.</summary>
    public Component Find(string pubSub, string topic)
    {
        if (pubSub.Length == 0)
            throw Error(404, StatusCode.InvalidArgument, "ERR_PUBSUB_EMPTY", "DAPR_PUBSUB_NAME_EMPTY", "pubsub name is empty");
        if (!_components.TryGetValue(pubSub, out var found))
            throw Error(404, StatusCode.InvalidArgument, "ERR_PUBSUB_NOT_FOUND", "DAPR_PUBSUB_NOT_FOUND", $"pubsub {pubSub} is not found");
        if (topic.Length == 0)
            throw Error(404, StatusCode.InvalidArgument, "ERR_TOPIC_NAME_EMPTY", "DAPR_PUBSUB_TOPIC_NAME_EMPTY", $"topic is empty in pubsub {pubSub}");
        if (!found.Scopes.MayPublish(topic))
        {
            throw Error(403, StatusCode.PermissionDenied, "ERR_PUBSUB_FORBIDDEN", "DAPR_PUBSUB_FORBIDDEN",
                $"topic {topic} is not allowed for app id {appId}");
        }
        return found.Component;
    }

    public static Retention RetentionOf(Component component) => new(component.Number("maxLenApprox") is > 0 and var length ? length : null);

    private ApiException Error(int http, StatusCode grpc, string code, string reason, string message) => new(http, grpc, code, message)
    {
        Reason = reason,
        Details = new Dictionary<string, string> { ["appID"] = appId },
    };
}
