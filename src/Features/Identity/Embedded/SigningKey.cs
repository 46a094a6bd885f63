using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace KestrelVoice.Features.Identity.Embedded;

/// <summary>One P-256 key pair; its id is its thumbprint (RFC 7638), so the same key has the same id everywhere.</summary>
internal sealed class SigningKey : IDisposable
{
    internal const string Algorithm = "ES256";
    private readonly ECDsa _pair;
    private readonly Lock _signing = new();

    private SigningKey(ECDsa pair)
    {
        _pair = pair;
        var point = pair.ExportParameters(includePrivateParameters: false).Q;
        var (x, y) = (Base64Url.EncodeToString(point.X), Base64Url.EncodeToString(point.Y));
        var canonical = $$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""";
        Kid = Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
        PublicJwk = new JsonObject
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["x"] = x,
            ["y"] = y,
            ["kid"] = Kid,
            ["alg"] = Algorithm,
            ["use"] = "sig",
            ["key_ops"] = new JsonArray("verify"),
        }.ToJsonString();
    }

    internal string Kid { get; }

    internal string PublicJwk { get; }

    internal static SigningKey Create() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    internal static SigningKey FromPkcs8(ReadOnlySpan<byte> pkcs8)
    {
        var pair = ECDsa.Create();
        pair.ImportPkcs8PrivateKey(pkcs8, out _);
        return new SigningKey(pair);
    }

    internal byte[] ToPkcs8() => _pair.ExportPkcs8PrivateKey();

    /// <summary>A compact JWS over the claims.</summary>
    internal string Sign(JsonObject claims)
    {
        var header = new JsonObject { ["alg"] = Algorithm, ["kid"] = Kid, ["typ"] = "JWT" };
        var content = $"{Encode(header)}.{Encode(claims)}";
        byte[] signature;
        lock (_signing)
            signature = _pair.SignData(
                Encoding.ASCII.GetBytes(content), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"{content}.{Base64Url.EncodeToString(signature)}";
    }

    public void Dispose() => _pair.Dispose();

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));
}
