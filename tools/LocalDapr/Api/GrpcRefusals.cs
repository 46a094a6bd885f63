using Grpc.Core;
using Grpc.Core.Interceptors;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>Tells gRPC clients why they were refused.</summary>
internal sealed class GrpcRefusals : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            return await continuation(request, context);
        }
        catch (ApiException refusal)
        {
            throw ToRpc(refusal);
        }
    }

    public override async Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
    {
        try
        {
            await continuation(request, responseStream, context);
        }
        catch (ApiException refusal)
        {
            throw ToRpc(refusal);
        }
    }

    private static RpcException ToRpc(ApiException refusal) => new(new Status(refusal.GrpcStatus, refusal.Message));
}
