using System.Diagnostics.CodeAnalysis;
using Dapr.Client.Autogen.Grpc.v1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>
/// The server side of <c>dapr.proto.runtime.v1.Dapr</c>, whose package carries the client side only.
/// Methods that are not bound here are answered with <c>Unimplemented</c>.
/// </summary>
[BindServiceMethod(typeof(DaprServiceBase), nameof(BindService))]
internal abstract partial class DaprServiceBase
{
    private const string ServiceName = "dapr.proto.runtime.v1.Dapr";

    public abstract Task<Empty> PublishEvent(PublishEventRequest request, ServerCallContext context);

    public abstract Task<BulkPublishResponse> BulkPublishEvent(BulkPublishRequest request, ServerCallContext context);

    /// <summary>The name older clients know; it must be a method of its own to be found.</summary>
    public abstract Task<BulkPublishResponse> BulkPublishEventAlpha1(BulkPublishRequest request, ServerCallContext context);

    public abstract Task<GetStateResponse> GetState(GetStateRequest request, ServerCallContext context);

    public abstract Task<GetBulkStateResponse> GetBulkState(GetBulkStateRequest request, ServerCallContext context);

    public abstract Task<Empty> SaveState(SaveStateRequest request, ServerCallContext context);

    public abstract Task<Empty> DeleteState(DeleteStateRequest request, ServerCallContext context);

    public abstract Task<Empty> DeleteBulkState(DeleteBulkStateRequest request, ServerCallContext context);

    public abstract Task<Empty> ExecuteStateTransaction(ExecuteStateTransactionRequest request, ServerCallContext context);

    public abstract Task<GetSecretResponse> GetSecret(GetSecretRequest request, ServerCallContext context);

    public abstract Task<GetBulkSecretResponse> GetBulkSecret(GetBulkSecretRequest request, ServerCallContext context);

    public abstract Task<GetMetadataResponse> GetMetadata(GetMetadataRequest request, ServerCallContext context);

    public abstract Task<Empty> SetMetadata(SetMetadataRequest request, ServerCallContext context);

    public abstract Task<Empty> Shutdown(ShutdownRequest request, ServerCallContext context);

    public static void BindService(ServiceBinderBase binder, DaprServiceBase? service)
    {
        Bind<PublishEventRequest, Empty>(binder, nameof(PublishEvent), service is null ? null : service.PublishEvent);
        Bind<BulkPublishRequest, BulkPublishResponse>(binder, nameof(BulkPublishEvent), service is null ? null : service.BulkPublishEvent);
        Bind<BulkPublishRequest, BulkPublishResponse>(binder, nameof(BulkPublishEventAlpha1), service is null ? null : service.BulkPublishEventAlpha1);
        Bind<GetStateRequest, GetStateResponse>(binder, nameof(GetState), service is null ? null : service.GetState);
        Bind<GetBulkStateRequest, GetBulkStateResponse>(binder, nameof(GetBulkState), service is null ? null : service.GetBulkState);
        Bind<SaveStateRequest, Empty>(binder, nameof(SaveState), service is null ? null : service.SaveState);
        Bind<DeleteStateRequest, Empty>(binder, nameof(DeleteState), service is null ? null : service.DeleteState);
        Bind<DeleteBulkStateRequest, Empty>(binder, nameof(DeleteBulkState), service is null ? null : service.DeleteBulkState);
        Bind<ExecuteStateTransactionRequest, Empty>(binder, nameof(ExecuteStateTransaction), service is null ? null : service.ExecuteStateTransaction);
        Bind<GetSecretRequest, GetSecretResponse>(binder, nameof(GetSecret), service is null ? null : service.GetSecret);
        Bind<GetBulkSecretRequest, GetBulkSecretResponse>(binder, nameof(GetBulkSecret), service is null ? null : service.GetBulkSecret);
        Bind<GetMetadataRequest, GetMetadataResponse>(binder, nameof(GetMetadata), service is null ? null : service.GetMetadata);
        Bind<SetMetadataRequest, Empty>(binder, nameof(SetMetadata), service is null ? null : service.SetMetadata);
        Bind<ShutdownRequest, Empty>(binder, nameof(Shutdown), service is null ? null : service.Shutdown);
        BindWorkflows(binder, service);
    }

    private static void Bind<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TRequest, TResponse>(
        ServiceBinderBase binder, string name, UnaryServerMethod<TRequest, TResponse>? method)
        where TRequest : class, IMessage<TRequest>, new()
        where TResponse : class, IMessage<TResponse>, new() =>
        binder.AddMethod(new Method<TRequest, TResponse>(MethodType.Unary, ServiceName, name, Wire<TRequest>(), Wire<TResponse>()), method);

    private static Marshaller<T> Wire<T>()
        where T : class, IMessage<T>, new()
    {
        var parser = new MessageParser<T>(() => new T());
        return new Marshaller<T>(
            (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
    }
}
