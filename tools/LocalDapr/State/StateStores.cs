using Grpc.Core;
using KestrelVoice.LocalDapr.Api;

namespace KestrelVoice.LocalDapr.State;

/// <summary>The state stores one app loaded.</summary>
internal sealed class StateStores(string appId, IReadOnlyDictionary<string, StateStore> stores)
{
    public StateStore Find(string name)
    {
        if (stores.TryGetValue(name, out var store))
            return store;
        var details = new Dictionary<string, string> { ["appID"] = appId };
        throw stores.Count == 0
            ? new ApiException(500, StatusCode.FailedPrecondition, "ERR_STATE_STORE_NOT_CONFIGURED", $"state store {name} is not configured")
            {
                Reason = "DAPR_STATE_NOT_CONFIGURED",
                Details = details,
            }
            : new ApiException(400, StatusCode.InvalidArgument, "ERR_STATE_STORE_NOT_FOUND", $"state store {name} is not found")
            {
                Reason = "DAPR_STATE_NOT_FOUND",
                Details = details,
            };
    }
}
