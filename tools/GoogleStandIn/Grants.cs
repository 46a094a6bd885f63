using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.GoogleStandIn;

/// <summary>What a user let the client do.</summary>
internal sealed record Grant(GoogleUser User, IReadOnlyList<string> Scopes);

/// <summary>Codes, access tokens and refresh tokens.</summary>
internal sealed class Grants(TimeProvider clock)
{
    public const int AccessTokensLive = 3599;

    private static readonly TimeSpan CodesLive = TimeSpan.FromMinutes(10);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Code> codes = [];
    private readonly Dictionary<string, (Grant Grant, DateTimeOffset Until)> accessTokens = [];
    private readonly Dictionary<string, Grant> refreshTokens = [];

    private sealed record Code(Grant Grant, string RedirectUri, string? Challenge, bool IsOffline, DateTimeOffset Until);

    /// <param name="AccessToken">For an hour.</param>
    /// <param name="RefreshToken">Only for who asked for offline access.</param>
    /// <param name="Grant">Behind both.</param>
    public sealed record Tokens(string AccessToken, string? RefreshToken, Grant Grant);

    /// <returns>The code that the browser carries back.</returns>
    public string Give(Grant grant, string redirectUri, string? challenge, bool isOffline)
    {
        lock (gate)
        {
            var code = "4/" + Random();
            codes[code] = new Code(grant, redirectUri, challenge, isOffline, clock.GetUtcNow() + CodesLive);
            return code;
        }
    }

    /// <returns>Null when the code is not good, or not with these.</returns>
    public Tokens? Exchange(string code, string redirectUri, string? verifier)
    {
        lock (gate)
        {
            if (!codes.Remove(code, out var given) || given.Until <= clock.GetUtcNow() || given.RedirectUri != redirectUri || !Fits(given.Challenge, verifier))
                return null;
            var refreshToken = given.IsOffline ? "1//" + Random() : null;
            if (refreshToken is not null)
                refreshTokens[refreshToken] = given.Grant;
            return new Tokens(NewAccessToken(given.Grant), refreshToken, given.Grant);
        }
    }

    public Tokens? Refresh(string refreshToken)
    {
        lock (gate)
            return refreshTokens.TryGetValue(refreshToken, out var grant) ? new Tokens(NewAccessToken(grant), RefreshToken: null, grant) : null;
    }

    public Grant? Find(string accessToken)
    {
        lock (gate)
            return accessTokens.TryGetValue(accessToken, out var token) && token.Until > clock.GetUtcNow() ? token.Grant : null;
    }

    /// <summary>With one token goes all that its user has granted.</summary>
    public bool Revoke(string token)
    {
        lock (gate)
        {
            var grant = refreshTokens.GetValueOrDefault(token) ?? accessTokens.GetValueOrDefault(token).Grant;
            if (grant is null)
                return false;
            WithdrawAll(grant.User);
            return true;
        }
    }

    public bool Has(GoogleUser user)
    {
        lock (gate)
            return refreshTokens.Values.Any(grant => grant.User == user);
    }

    public void Withdraw(GoogleUser user)
    {
        lock (gate)
            WithdrawAll(user);
    }

    public void EndAccessTokens()
    {
        lock (gate)
            accessTokens.Clear();
    }

    private void WithdrawAll(GoogleUser user)
    {
        foreach (var (token, _) in refreshTokens.Where(token => token.Value.User == user).ToList())
            refreshTokens.Remove(token);
        foreach (var (token, _) in accessTokens.Where(token => token.Value.Grant.User == user).ToList())
            accessTokens.Remove(token);
    }

    private string NewAccessToken(Grant grant)
    {
        var token = "ya29." + Random();
        accessTokens[token] = (grant, clock.GetUtcNow().AddSeconds(AccessTokensLive));
        return token;
    }

    // RFC 7636: who did not say a challenge must not say a verifier.
    private static bool Fits(string? challenge, string? verifier) => challenge is null
        ? verifier is null
        : verifier is not null && challenge == Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    private static string Random() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
}
