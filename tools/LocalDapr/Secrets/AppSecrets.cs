using Grpc.Core;
using KestrelVoice.LocalDapr.Api;
using KestrelVoice.LocalDapr.Resources;

namespace KestrelVoice.LocalDapr.Secrets;

/// <summary>The secrets one app may read.</summary>
internal sealed class AppSecrets(AppResources resources)
{
    public Dictionary<string, string> Get(string storeName, string name)
    {
        var store = Find(storeName);
        if (!Allows(storeName, name))
        {
            throw new ApiException(
                403, StatusCode.PermissionDenied, "ERR_SECRET_PERMISSION_DENIED", $"access denied by policy to get \"{name}\" from \"{storeName}\"");
        }
        return store.Get(name) ?? throw new ApiException(500, StatusCode.Internal, "ERR_SECRET_GET",
            $"failed getting secret with key {name} from secret store {storeName}: secret {name} not found");
    }

    public IEnumerable<KeyValuePair<string, Dictionary<string, string>>> GetAll(string storeName) =>
        Find(storeName).All.Where(secret => Allows(storeName, secret.Key));

    private bool Allows(string storeName, string name) =>
        !resources.Configuration.SecretScopes.TryGetValue(storeName, out var scope) || scope.Allows(name);

    private SecretStore Find(string name)
    {
        if (resources.SecretStores.TryGetValue(name, out var store))
            return store;
        throw resources.SecretStores.Count == 0
            ? new ApiException(500, StatusCode.FailedPrecondition, "ERR_SECRET_STORES_NOT_CONFIGURED", "secret store is not configured")
            : new ApiException(401, StatusCode.InvalidArgument, "ERR_SECRET_STORE_NOT_FOUND", $"failed finding secret store with key {name}");
    }
}
