using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using KestrelVoice.Features.Identity.Credentials;
using KestrelVoice.Features.Identity.Embedded;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.Features.Tests.Identity;

public sealed class AccessTokenVerifierTests : IDisposable
{
    private const string Issuer = "https://project.example/auth/v1";
    private const string Secret = "a shared secret of a legacy project, long enough";
    private static readonly Guid UserId = Guid.Parse("0195a0f0-0000-7000-8000-000000000001");
    private static readonly Guid SessionId = Guid.Parse("0195a0f0-0000-7000-8000-000000000002");

    private readonly FakeTimeProvider clock = new(KestrelVoiceApp.Noon);
    private readonly SigningKey key = SigningKey.Create();
    private readonly RSA rsa = RSA.Create(2048);
    private readonly VerificationKeys published;
    private readonly AccessTokenVerifier verifier;
    private int loads;

    public AccessTokenVerifierTests()
    {
        published = new VerificationKeys(_ => { loads++; return Task.FromResult(KeySet()); }, clock, NullLogger<VerificationKeys>.Instance);
        verifier = new AccessTokenVerifier(new(Issuer, SharedSecret: null), published, clock);
    }

    public void Dispose()
    {
        published.Dispose();
        key.Dispose();
        rsa.Dispose();
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_good_token_says_who_it_is()
    {
        var tenant = Guid.Parse("0195a0f0-0000-7000-8000-000000000003");

        var verdict = await verifier.VerifyAsync(key.Sign(Claims(("app_metadata", new JsonObject { ["tenant_id"] = tenant.ToString() }))), Stop);

        verdict.ShouldBe(new TokenVerdict.Valid(new AccessToken(
            UserId, SessionId, "a@b.example", tenant, DateTimeOffset.FromUnixTimeSeconds(Now + 3600))));
    }

    [Fact]
    public async Task An_rsa_key_is_as_good() =>
        (await verifier.VerifyAsync(SignRsa(), Stop)).ShouldBeOfType<TokenVerdict.Valid>();

    [Fact]
    public async Task An_audience_in_an_array_counts() =>
        (await verifier.VerifyAsync(key.Sign(Claims(("aud", new JsonArray("other", "authenticated")))), Stop)).ShouldBeOfType<TokenVerdict.Valid>();

    public static TheoryData<string, string?> WrongClaims => new()
    {
        { "iss", "\"https://elsewhere.example/auth/v1\"" },
        { "iss", "\"https://project.example/auth/v1/\"" },
        { "iss", null },
        { "aud", "\"anon\"" },
        { "aud", null },
        { "role", "\"anon\"" },
        { "role", "\"service_role\"" },
        { "role", null },
        { "sub", "\"not a uuid\"" },
        { "sub", null },
        { "is_anonymous", "true" },
        { "exp", null },
        { "exp", "\"soon\"" },
        { "exp", "99999999999999999" },
        { "exp", "-5" },
        { "nbf", "1772625631" },
    };

    [Theory]
    [MemberData(nameof(WrongClaims))]
    public async Task A_wrong_claim_is_refused(string claim, string? json)
    {
        var claims = Claims();
        claims.Remove(claim);
        if (json is not null)
            claims[claim] = JsonNode.Parse(json);

        (await verifier.VerifyAsync(key.Sign(claims), Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
    }

    [Theory]
    [InlineData(29, true)]
    [InlineData(30, false)]
    public async Task Expiry_has_thirty_seconds_of_leeway_and_a_verdict_of_its_own(int secondsLate, bool valid)
    {
        var token = key.Sign(Claims());
        (await verifier.VerifyAsync(token, Stop)).ShouldBeOfType<TokenVerdict.Valid>();

        clock.Advance(TimeSpan.FromSeconds(3600 + secondsLate));

        var verdict = await verifier.VerifyAsync(token, Stop);
        if (valid)
            verdict.ShouldBeOfType<TokenVerdict.Valid>();
        else
            verdict.ShouldBeOfType<TokenVerdict.Expired>();
    }

    [Fact]
    public async Task Not_before_has_the_same_leeway() =>
        (await verifier.VerifyAsync(key.Sign(Claims(("nbf", Now + 30))), Stop)).ShouldBeOfType<TokenVerdict.Valid>();

    [Fact]
    public async Task A_remembered_verdict_ends_with_its_token()
    {
        var token = key.Sign(Claims(("exp", Now + 60)));
        (await verifier.VerifyAsync(token, Stop)).ShouldBeOfType<TokenVerdict.Valid>();

        clock.Advance(TimeSpan.FromSeconds(91));

        (await verifier.VerifyAsync(token, Stop)).ShouldBeOfType<TokenVerdict.Expired>();
    }

    [Fact]
    public async Task Algorithm_none_is_refused() =>
        (await verifier.VerifyAsync(Unsigned("""{"alg":"none","typ":"JWT"}""") + ".", Stop)).ShouldBeOfType<TokenVerdict.Invalid>();

    [Fact]
    public async Task A_public_key_is_never_a_shared_secret()
    {
        var pem = Encoding.ASCII.GetBytes(rsa.ExportSubjectPublicKeyInfoPem());
        foreach (var secret in new[] { pem, Encoding.ASCII.GetBytes(key.PublicJwk) })
            (await verifier.VerifyAsync(SignHmac(secret, kid: "rsa"), Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
    }

    [Fact]
    public async Task A_key_verifies_with_its_own_algorithm_only()
    {
        var header = """{"alg":"RS256","kid":"%","typ":"JWT"}""".Replace("%", key.Kid, StringComparison.Ordinal);
        var forged = Unsigned(header) + "." + Base64Url.EncodeToString(new byte[256]);

        (await verifier.VerifyAsync(forged, Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
    }

    [Fact]
    public async Task Another_key_with_the_same_id_is_refused()
    {
        var content = Unsigned("""{"alg":"RS256","kid":"rsa","typ":"JWT"}""");
        using var other = RSA.Create(2048);
        var signature = other.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        (await verifier.VerifyAsync(content + "." + Base64Url.EncodeToString(signature), Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
    }

    [Fact]
    public async Task A_header_that_brings_its_own_key_is_not_believed()
    {
        using var own = RSA.Create(2048);
        var parameters = own.ExportParameters(false);
        var (n, e) = (Base64Url.EncodeToString(parameters.Modulus), Base64Url.EncodeToString(parameters.Exponent));
        var header = new JsonObject
        {
            ["alg"] = "RS256",
            ["kid"] = "own",
            ["jku"] = "https://elsewhere.example/keys",
            ["jwk"] = new JsonObject { ["kty"] = "RSA", ["kid"] = "own", ["n"] = n, ["e"] = e },
        }.ToJsonString();
        var content = Unsigned(header);
        var signature = own.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        (await verifier.VerifyAsync(content + "." + Base64Url.EncodeToString(signature), Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
    }

    [Fact]
    public async Task A_critical_extension_is_refused()
    {
        var content = Unsigned("""{"alg":"RS256","kid":"rsa","typ":"JWT","crit":["b64"],"b64":true}""");
        var signature = rsa.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

        (await verifier.VerifyAsync(content + "." + Base64Url.EncodeToString(signature), Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("a.b.c")]
    [InlineData("..")]
    [InlineData("sb_publishable_abc")]
    [InlineData("eyJhbGciOiJFUzI1NiJ9.e30.")]
    [InlineData("eyJhbGciOiJFUzI1NiJ9.bm90IGpzb24.AAAA")]
    [InlineData("a.b.c.d.e")]
    public async Task Garbage_is_refused(string text) => (await verifier.VerifyAsync(text, Stop)).ShouldBeOfType<TokenVerdict.Invalid>();

    [Fact]
    public async Task A_token_beyond_the_size_cap_is_not_even_read()
    {
        var token = key.Sign(Claims(("pad", new string('x', 8 * 1024))));

        (await verifier.VerifyAsync(token, Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
        loads.ShouldBe(0);
    }

    [Fact]
    public async Task A_changed_signature_or_claim_is_refused()
    {
        var parts = key.Sign(Claims()).Split('.');
        var otherClaims = key.Sign(Claims(("email", "owner@b.example"))).Split('.')[1];

        (await verifier.VerifyAsync($"{parts[0]}.{otherClaims}.{parts[2]}", Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
        (await verifier.VerifyAsync($"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(new byte[64])}", Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
    }

    [Fact]
    public async Task A_legacy_project_is_verified_by_its_secret_alone()
    {
        var legacy = new AccessTokenVerifier(new(Issuer, Secret), published: null, clock);

        (await legacy.VerifyAsync(SignHmac(Encoding.UTF8.GetBytes(Secret)), Stop)).ShouldBeOfType<TokenVerdict.Valid>();
        var another = Encoding.UTF8.GetBytes("another secret, also long enough to be one");
        (await legacy.VerifyAsync(SignHmac(another), Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
        (await legacy.VerifyAsync(key.Sign(Claims()), Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
        (await verifier.VerifyAsync(SignHmac(Encoding.UTF8.GetBytes(Secret)), Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
    }

    [Fact]
    public async Task The_keys_of_legacy_api_keys_open_nothing()
    {
        var legacy = new AccessTokenVerifier(new(Issuer, Secret), published: null, clock);
        var anon = new JsonObject { ["iss"] = "supabase", ["ref"] = "project", ["role"] = "anon", ["iat"] = Now, ["exp"] = Now + 315360000 };

        (await legacy.VerifyAsync(SignHmac(Encoding.UTF8.GetBytes(Secret), claims: anon), Stop)).ShouldBeOfType<TokenVerdict.Invalid>();
    }

    private long Now => clock.GetUtcNow().ToUnixTimeSeconds();

    private JsonObject Claims(params (string Name, JsonNode Value)[] others)
    {
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["sub"] = UserId.ToString(),
            ["aud"] = "authenticated",
            ["exp"] = Now + 3600,
            ["iat"] = Now,
            ["email"] = "a@b.example",
            ["role"] = "authenticated",
            ["session_id"] = SessionId.ToString(),
            ["is_anonymous"] = false,
        };
        foreach (var (name, value) in others)
            claims[name] = value;
        return claims;
    }

    private string KeySet()
    {
        var modulus = rsa.ExportParameters(false);
        return new JsonObject
        {
            ["keys"] = new JsonArray(
                JsonNode.Parse(key.PublicJwk),
                new JsonObject
                {
                    ["kty"] = "RSA",
                    ["kid"] = "rsa",
                    ["alg"] = "RS256",
                    ["use"] = "sig",
                    ["n"] = Base64Url.EncodeToString(modulus.Modulus),
                    ["e"] = Base64Url.EncodeToString(modulus.Exponent),
                },
                new JsonObject { ["kty"] = "oct", ["kid"] = "oct", ["alg"] = "HS256", ["k"] = Encode(Secret) }),
        }.ToJsonString();
    }

    private string SignRsa()
    {
        var content = Unsigned("""{"alg":"RS256","kid":"rsa","typ":"JWT"}""");
        return content + "." + Base64Url.EncodeToString(
            rsa.SignData(Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private string SignHmac(byte[] secret, string kid = "oct", JsonObject? claims = null)
    {
        var content = Unsigned(new JsonObject { ["alg"] = "HS256", ["kid"] = kid, ["typ"] = "JWT" }.ToJsonString(), claims);
        return content + "." + Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(content)));
    }

    private string Unsigned(string header, JsonObject? claims = null) =>
        Encode(header) + "." + Encode((claims ?? Claims()).ToJsonString());

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
