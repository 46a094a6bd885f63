using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace KestrelVoice.Features.Identity.Credentials;

/// <summary>What a verified access token says. Tenant and role are hints at most; our own membership rows decide.</summary>
internal sealed record AccessToken(
    Guid UserId, Guid? SessionId, string Email, Guid? PreferredTenantId, DateTimeOffset ExpiresAt);

internal abstract record TokenVerdict
{
    private TokenVerdict() { }

    internal sealed record Valid(AccessToken Token) : TokenVerdict;
    internal sealed record Expired : TokenVerdict;
    internal sealed record Invalid : TokenVerdict;
}

/// <summary>The one judge of access tokens, whoever issued them: embedded identity or Supabase project, only the settings differ.</summary>
internal sealed class AccessTokenVerifier(AccessTokenVerifier.Settings settings, VerificationKeys? published, TimeProvider clock)
{
    internal const int LongestToken = 8 * 1024;
    internal const string Audience = "authenticated";
    internal static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30);
    private const int RememberedTokens = 10_000;
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(5);
    private static readonly TokenVerdict Refused = new TokenVerdict.Invalid();
    private static readonly TokenVerdict TooLate = new TokenVerdict.Expired();

    private readonly JsonWebTokenHandler _handler = new() { MaximumTokenSizeInBytes = LongestToken, MapInboundClaims = false };
    private readonly RecentAnswers<TokenHash, TokenVerdict> _verdicts = new(clock, Remembered, RememberedTokens);
    private readonly SecurityKey? _secret = settings.SharedSecret is { } secret ? new SymmetricSecurityKey(Encoding.UTF8.GetBytes(secret)) : null;
    private long _verdictsUnder;

    /// <param name="Issuer">Exactly the <c>iss</c> of its tokens.</param>
    /// <param name="SharedSecret">Set only for a project that signs with HS256.</param>
    internal sealed record Settings(string Issuer, string? SharedSecret);

    internal async Task<TokenVerdict> VerifyAsync(string token, CancellationToken cancellationToken)
    {
        if (token.Length is 0 or > LongestToken)
            return Refused;

        ForgetVerdictsOfOlderKeys();
        var hash = TokenHash.Of(token);
        var verdict = await _verdicts.GetAsync(hash, (_, stop) => JudgeAsync(token, stop), cancellationToken);
        // A refusal may be about a key that is published a second later.
        if (verdict is TokenVerdict.Invalid)
            _verdicts.Forget(hash);
        return verdict is TokenVerdict.Valid valid && clock.GetUtcNow() >= valid.Token.ExpiresAt + Leeway ? TooLate : verdict;
    }

    private void ForgetVerdictsOfOlderKeys()
    {
        if (published is null || Interlocked.Exchange(ref _verdictsUnder, published.Generation) == published.Generation)
            return;
        _verdicts.ForgetAll();
    }

    private async Task<TokenVerdict> JudgeAsync(string text, CancellationToken cancellationToken)
    {
        if (!TryParse(text, out var token) || await KeyForAsync(token, cancellationToken) is not { } key)
            return Refused;
        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidIssuer = settings.Issuer,
            ValidAudience = Audience,
            IssuerSigningKey = key,
            ValidAlgorithms = [token.Alg],
            // Judged below, last: only an otherwise good token may be called expired.
            ValidateLifetime = false,
        });
        return result.IsValid ? JudgeClaims(token) : Refused;
    }

    private static bool TryParse(string text, out JsonWebToken token)
    {
        try
        {
            token = new JsonWebToken(text);
            // An extension that must be understood is not.
            return !token.IsEncrypted && !token.TryGetHeaderValue<JsonElement>("crit", out _);
        }
        catch (Exception malformed) when (malformed is ArgumentException or FormatException or JsonException)
        {
            token = null!;
            return false;
        }
    }

    private async Task<SecurityKey?> KeyForAsync(JsonWebToken token, CancellationToken cancellationToken) => token.Alg switch
    {
        SecurityAlgorithms.HmacSha256 => _secret,
        SecurityAlgorithms.EcdsaSha256 or SecurityAlgorithms.RsaSha256 when published is not null && token.Kid is { Length: > 0 } kid =>
            await published.FindAsync(kid, token.Alg, cancellationToken),
        _ => null,
    };

    private TokenVerdict JudgeClaims(JsonWebToken token)
    {
        if (!token.TryGetPayloadValue<string>("role", out var role) || role != Audience
            || !Guid.TryParseExact(token.Subject, "D", out var userId)
            || (token.TryGetPayloadValue<bool>("is_anonymous", out var anonymous) && anonymous)
            || !token.TryGetPayloadValue<long>(JwtRegisteredClaimNames.Exp, out var expires)
            || expires is < 0 or > 253402300799)
            return Refused;

        var now = clock.GetUtcNow();
        var expiresAt = DateTimeOffset.FromUnixTimeSeconds(expires);
        if (token.TryGetPayloadValue<long>(JwtRegisteredClaimNames.Nbf, out var notBefore) && notBefore > (now + Leeway).ToUnixTimeSeconds())
            return Refused;
        if (now >= expiresAt + Leeway)
            return TooLate;
        return new TokenVerdict.Valid(new AccessToken(userId, SessionOf(token), EmailOf(token), PreferredTenantOf(token), expiresAt));
    }

    private static Guid? SessionOf(JsonWebToken token) =>
        token.TryGetPayloadValue<string>("session_id", out var text) && Guid.TryParseExact(text, "D", out var id) ? id : null;

    private static string EmailOf(JsonWebToken token) => token.TryGetPayloadValue<string>("email", out var email) ? email : "";

    private static Guid? PreferredTenantOf(JsonWebToken token) =>
        token.TryGetPayloadValue<JsonElement>("app_metadata", out var metadata)
        && metadata.ValueKind is JsonValueKind.Object
        && metadata.TryGetProperty("tenant_id", out var text)
        && text.ValueKind is JsonValueKind.String
        && Kernel.TypeId.TryParse(Kernel.TypeId.Tenant, text.GetString(), out var id)
            ? id
            : null;

    /// <summary>The tokens themselves are not kept in memory.</summary>
    private readonly record struct TokenHash(ulong A, ulong B, ulong C, ulong D)
    {
        internal static TokenHash Of(string token)
        {
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(Encoding.UTF8.GetBytes(token), hash);
            var words = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(hash);
            return new TokenHash(words[0], words[1], words[2], words[3]);
        }
    }
}
