using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;
using KestrelVoice.Voice.Dapr;

namespace KestrelVoice.Voice.Tenants;

/// <summary>Whom a number belongs to, as far as we can tell.</summary>
internal abstract record Owner
{
    public sealed record Tenant(RoutingSettings Settings) : Owner;

    public sealed record Nobody : Owner;

    public sealed record Unknown : Owner;
}

/// <summary>
/// Who owns a dialled number. The host knows; its answer is kept for a while, and for good as the last known one, here and in the state store,
/// for the time when the host is away.
/// </summary>
internal sealed class TenantDirectory(Sidecar sidecar, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(15);

    // With a copy at hand, a host that is slow is not worth more silence on the line than this.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KeepLastKnown = TimeSpan.FromDays(30);

    private readonly ConcurrentDictionary<string, (Owner Owner, DateTimeOffset At)> _known = [];
    private readonly ConcurrentDictionary<string, Lazy<Task<Owner>>> _flights = [];

    public async Task<Owner> FindAsync(string number)
    {
        if (!PhoneNumber.IsE164(number))
            return new Owner.Nobody();
        if (_known.TryGetValue(number, out var known) && clock.GetUtcNow() - known.At < Fresh)
            return known.Owner;

        // However many calls arrive at once, the host is asked once.
        var flight = _flights.GetOrAdd(number, key => new Lazy<Task<Owner>>(() => AskAsync(key)));
        try
        {
            return await flight.Value;
        }
        finally
        {
            _flights.TryRemove(KeyValuePair.Create(number, flight));
        }
    }

    private async Task<Owner> AskAsync(string number)
    {
        var lastKnown = _known.TryGetValue(number, out var known) ? known.Owner : null;
        // Side by side: a caller must not wait for one after the other.
        var asking = sidecar.LookUpAsync(number);
        var reading = lastKnown is null ? sidecar.ReadStateAsync<RoutingSettings>(KeyOf(number)) : null;

        var answer = lastKnown is null ? await asking : await WithPatience(asking);
        if (answer.Succeeded)
            return await KeepAsync(number, answer.Value, lastKnown);
        if (reading is null)
            return lastKnown!;
        var stored = await reading;
        return stored.Value is { } settings ? new Owner.Tenant(settings) : new Owner.Unknown();
    }

    private async Task<Reading<RoutingSettings>> WithPatience(Task<Reading<RoutingSettings>> asking) =>
        await Task.WhenAny(asking, Task.Delay(Patience, clock)) == asking ? await asking : default;

    private async Task<Owner> KeepAsync(string number, RoutingSettings? settings, Owner? before)
    {
        Owner owner = settings is null ? new Owner.Nobody() : new Owner.Tenant(settings);
        _known[number] = (owner, clock.GetUtcNow());
        if (settings is null)
            await sidecar.TryDeleteStateAsync(KeyOf(number));
        else if (before is not Owner.Tenant same || !Same(same.Settings, settings))
            await sidecar.TryWriteStateAsync(KeyOf(number), settings, etag: null, KeepLastKnown);
        return owner;
    }

    // Records with lists compare by reference.
    private static bool Same(RoutingSettings one, RoutingSettings other) =>
        JsonSerializer.SerializeToUtf8Bytes(one, ContractJson.Options).AsSpan().SequenceEqual(JsonSerializer.SerializeToUtf8Bytes(other, ContractJson.Options));

    // Numbers stay out of keys, which appear in logs and URLs of the sidecar.
    private static string KeyOf(string number) => "routing:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(number)));
}
