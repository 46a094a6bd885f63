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
            throw new RpcException(new Status(refusal.GrpcStatus, refusal.Message));
        }
    }
}
