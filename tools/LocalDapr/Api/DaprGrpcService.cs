using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using KestrelVoice.LocalDapr.PubSub;
using KestrelVoice.LocalDapr.Sidecars;
using KestrelVoice.LocalDapr.State;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>The Dapr API over gRPC.</summary>
internal sealed partial class DaprGrpcService(Sidecar sidecar) : DaprServiceBase
{
    private static readonly Task<Empty> s_empty = Task.FromResult(new Empty());

    public override async Task<Empty> PublishEvent(PublishEventRequest request, ServerCallContext context)
    {
        var publish = new PublishRequest(request.PubsubName, request.Topic, request.Data.ToByteArray(), request.DataContentType, Metadata(request.Metadata));
        await sidecar.Publisher.PublishAsync(publish, Trace(context), context.CancellationToken);
        return new Empty();
    }

    public override async Task<BulkPublishResponse> BulkPublishEvent(BulkPublishRequest request, ServerCallContext context)
    {
        var shared = Metadata(request.Metadata);
        var entries = request.Entries.Select(entry => new BulkEntry(
            entry.EntryId, entry.Event.ToByteArray(), entry.ContentType, BulkPublish.Merged(shared, Metadata(entry.Metadata))));
        var failures = await BulkPublish.RunAsync(
            sidecar.Publisher, request.PubsubName, request.Topic, [.. entries], () => Trace(context), context.CancellationToken);
        return new BulkPublishResponse
        {
            FailedEntries = { failures.Select(failure => new BulkPublishResponseFailedEntry { EntryId = failure.EntryId, Error = failure.Error }) },
        };
    }

    public override Task<BulkPublishResponse> BulkPublishEventAlpha1(BulkPublishRequest request, ServerCallContext context) =>
        BulkPublishEvent(request, context);

    public override Task<GetStateResponse> GetState(GetStateRequest request, ServerCallContext context)
    {
        var response = new GetStateResponse();
        if (sidecar.States.Find(request.StoreName).Get(request.Key) is { } entry)
        {
            response.Data = ByteString.CopyFrom(entry.Value);
            response.Etag = entry.ETag;
            response.Metadata.Add(StateJson.MetadataOf(entry));
        }
        return Task.FromResult(response);
    }

    public override Task<GetBulkStateResponse> GetBulkState(GetBulkStateRequest request, ServerCallContext context)
    {
        var response = new GetBulkStateResponse();
        foreach (var (key, entry) in sidecar.States.Find(request.StoreName).GetMany(request.Keys))
        {
            var item = new BulkStateItem { Key = key };
            if (entry is not null)
            {
                item.Data = ByteString.CopyFrom(entry.Value);
                item.Etag = entry.ETag;
                item.Metadata.Add(StateJson.MetadataOf(entry));
            }
            response.Items.Add(item);
        }
        return Task.FromResult(response);
    }

    public override async Task<Empty> SaveState(SaveStateRequest request, ServerCallContext context)
    {
        await sidecar.States.Find(request.StoreName).SaveAsync([.. request.States.Select(Upsert)], context.CancellationToken);
        return new Empty();
    }

    public override async Task<Empty> DeleteState(DeleteStateRequest request, ServerCallContext context)
    {
        var change = new StateChange(request.Key, null, request.Etag?.Value, IsFirstWrite(request.Options), Metadata(request.Metadata));
        await sidecar.States.Find(request.StoreName).DeleteAsync(change, context.CancellationToken);
        return new Empty();
    }

    public override async Task<Empty> DeleteBulkState(DeleteBulkStateRequest request, ServerCallContext context)
    {
        await sidecar.States.Find(request.StoreName).SaveAsync([.. request.States.Select(Deletion)], context.CancellationToken);
        return new Empty();
    }

    public override async Task<Empty> ExecuteStateTransaction(ExecuteStateTransactionRequest request, ServerCallContext context)
    {
        var store = sidecar.States.Find(request.StoreName);
        var changes = request.Operations.Select(operation => operation.OperationType switch
        {
            "upsert" => Upsert(operation.Request),
            "delete" => Deletion(operation.Request),
            _ => throw StateJson.UnknownOperation(operation.OperationType),
        }).ToArray();
        await store.TransactAsync(changes, context.CancellationToken);
        return new Empty();
    }

    public override Task<GetSecretResponse> GetSecret(GetSecretRequest request, ServerCallContext context) =>
        Task.FromResult(new GetSecretResponse { Data = { sidecar.Secrets.Get(request.StoreName, request.Key) } });

    public override Task<GetBulkSecretResponse> GetBulkSecret(GetBulkSecretRequest request, ServerCallContext context)
    {
        var response = new GetBulkSecretResponse();
        foreach (var (name, secret) in sidecar.Secrets.GetAll(request.StoreName))
            response.Data.Add(name, new SecretResponse { Secrets = { secret } });
        return Task.FromResult(response);
    }

    public override Task<GetMetadataResponse> GetMetadata(GetMetadataRequest request, ServerCallContext context)
    {
        var response = new GetMetadataResponse
        {
            Id = sidecar.App.AppId,
            RuntimeVersion = SidecarMetadata.RuntimeVersion,
            ExtendedMetadata = { sidecar.Metadata.Extended },
            Workflows = new MetadataWorkflows { ConnectedWorkers = sidecar.ConnectedWorkers },
            AppConnectionProperties = new AppConnectionProperties
            {
                Port = sidecar.App.AppPort,
                Protocol = sidecar.App.Protocol,
                ChannelAddress = sidecar.App.ChannelAddress,
                MaxConcurrency = Math.Max(0, sidecar.App.MaxConcurrency),
            },
        };
        response.RegisteredComponents.Add(sidecar.Metadata.Components.Select(component =>
            new RegisteredComponents
            {
                Name = component.Name,
                Type = component.Type,
                Version = component.Version,
                Capabilities = { SidecarMetadata.CapabilitiesOf(component) },
            }));
        response.Subscriptions.Add(sidecar.Metadata.Subscriptions.Select(subscription => new PubsubSubscription
        {
            PubsubName = subscription.PubSub,
            Topic = subscription.Topic,
            DeadLetterTopic = subscription.DeadLetterTopic ?? "",
            Type = subscription.Declared ? PubsubSubscriptionType.Declarative : PubsubSubscriptionType.Programmatic,
            Rules = new PubsubSubscriptionRules
            {
                Rules = { SidecarMetadata.RoutesOf(subscription).Select(route => new PubsubSubscriptionRule { Match = route.Match, Path = route.Path }) },
            },
        }));
        return Task.FromResult(response);
    }

    public override Task<Empty> SetMetadata(SetMetadataRequest request, ServerCallContext context)
    {
        sidecar.Metadata.Set(request.Key, request.Value);
        return s_empty;
    }

    public override Task<Empty> Shutdown(ShutdownRequest request, ServerCallContext context)
    {
        sidecar.RequestShutdown();
        return s_empty;
    }

    private static StateChange Upsert(StateItem item) =>
        new(item.Key, item.Value.ToByteArray(), item.Etag?.Value, IsFirstWrite(item.Options), Metadata(item.Metadata));

    private static StateChange Deletion(StateItem item) => new(item.Key, null, item.Etag?.Value, IsFirstWrite(item.Options), Metadata(item.Metadata));

    private static bool IsFirstWrite(StateOptions? options) => options?.Concurrency == StateOptions.Types.StateConcurrency.ConcurrencyFirstWrite;

    private static Dictionary<string, string> Metadata(IDictionary<string, string> map) => BulkPublish.Merged(map.AsReadOnly());

    private TraceContext Trace(ServerCallContext context) => TraceContext.Continue(
        context.RequestHeaders.GetValue("traceparent"), context.RequestHeaders.GetValue("tracestate"), sidecar.Resources.Configuration.SamplingRate);
}
