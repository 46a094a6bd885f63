using System.Collections.Frozen;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;

namespace KestrelVoice.Features.Identity.Credentials;

/// <summary>The issuer's published keys. The last good set stays in use when a reload fails, and nothing else ever does.</summary>
/// <remarks>
/// A token with an unknown key id forces a reload, since keys rotate; at most once in <see cref="BetweenForced"/>, because anybody can
/// make up key ids.
/// </remarks>
internal sealed partial class VerificationKeys(
    Func<CancellationToken, Task<string>> fetchJwks, TimeProvider clock, ILogger<VerificationKeys> logger) : IDisposable
{
    internal static readonly TimeSpan BetweenForced = TimeSpan.FromSeconds(30);
    internal static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _reloading = new(1, 1);
    private volatile Loaded _loaded = new(FrozenDictionary<string, SecurityKey>.Empty, "", 0);
    private DateTimeOffset _reloadAt = DateTimeOffset.MinValue;
    private DateTimeOffset _forcedAllowedAt = DateTimeOffset.MinValue;

    /// <summary>Changes when the set of keys does, so that verdicts reached under an older one are dropped.</summary>
    internal long Generation => _loaded.Generation;

    internal async Task<SecurityKey?> FindAsync(string kid, string algorithm, CancellationToken cancellationToken)
    {
        await ReloadAsync(forced: false, cancellationToken);
        if (_loaded.Keys.TryGetValue(Name(kid, algorithm), out var key))
            return key;
        await ReloadAsync(forced: true, cancellationToken);
        return _loaded.Keys.GetValueOrDefault(Name(kid, algorithm));
    }

    public void Dispose() => _reloading.Dispose();

    private async Task ReloadAsync(bool forced, CancellationToken cancellationToken)
    {
        if (!IsDue(forced))
            return;
        // A set that is merely old serves on while one request renews it; only the first load is worth waiting for.
        if (!await _reloading.WaitAsync(forced || _loaded.Generation == 0 ? Patience : TimeSpan.Zero, cancellationToken))
            return;
        try
        {
            if (!IsDue(forced))
                return;
            await LoadAsync(cancellationToken);
        }
        finally
        {
            _reloading.Release();
        }
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        _forcedAllowedAt = clock.GetUtcNow() + BetweenForced;
        try
        {
            var json = await fetchJwks(either.Token);
            if (json != _loaded.Json)
                _loaded = new Loaded(Parse(json), json, _loaded.Generation + 1);
            _reloadAt = clock.GetUtcNow() + Fresh;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            _reloadAt = clock.GetUtcNow() + AfterFailure;
            LogReloadFailed(logger, failure.GetType().Name, _loaded.Keys.Count);
        }
    }

    private bool IsDue(bool forced) => clock.GetUtcNow() >= (forced ? _forcedAllowedAt : _reloadAt);

    private static FrozenDictionary<string, SecurityKey> Parse(string json)
    {
        var keys = new Dictionary<string, SecurityKey>(StringComparer.Ordinal);
        foreach (var key in new JsonWebKeySet(json).Keys)
        {
            if (string.IsNullOrEmpty(key.Kid) || AlgorithmOf(key) is not { } algorithm || key.Use is not (null or "" or "sig"))
                continue;
            keys[Name(key.Kid, algorithm)] = key;
        }
        return keys.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>A key verifies with one algorithm, its own; a published symmetric key would be nobody's secret and is no key.</summary>
    private static string? AlgorithmOf(JsonWebKey key) => (key.Kty, key.Crv, key.Alg) switch
    {
        ("EC", "P-256", null or "" or SecurityAlgorithms.EcdsaSha256) => SecurityAlgorithms.EcdsaSha256,
        ("RSA", _, null or "" or SecurityAlgorithms.RsaSha256) => SecurityAlgorithms.RsaSha256,
        _ => null,
    };

    private static string Name(string kid, string algorithm) => algorithm + ":" + kid;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The issuer's keys could not be loaded ({Failure}); {Kept} known keys stay in use.")]
    private static partial void LogReloadFailed(ILogger logger, string failure, int kept);

    private sealed record Loaded(FrozenDictionary<string, SecurityKey> Keys, string Json, long Generation);
}
