using System.Text.Json;
using KestrelVoice.Features.Kernel.Secrets;

namespace KestrelVoice.Features.Webhooks;

/// <summary>Signing keys and custom headers at rest. What is sealed for one row does not open in another.</summary>
internal sealed class WebhookSecrets(Envelope envelope)
{
    public string SealKey(Guid tenantId, Guid secretId, ReadOnlySpan<byte> key) => envelope.Seal(key, KeyContext(tenantId, secretId));

    public byte[] OpenKey(Guid tenantId, Guid secretId, string sealedKey) => envelope.Open(sealedKey, KeyContext(tenantId, secretId));

    /// <summary>Null when there are none.</summary>
    public string? SealHeaders(Guid tenantId, Guid endpointId, IReadOnlyDictionary<string, string> headers) =>
        headers.Count == 0 ? null : envelope.Seal(JsonSerializer.SerializeToUtf8Bytes(headers), HeadersContext(tenantId, endpointId));

    public IReadOnlyDictionary<string, string> OpenHeaders(Guid tenantId, Guid endpointId, string? sealedHeaders) => sealedHeaders is null
        ? new Dictionary<string, string>()
        : JsonSerializer.Deserialize<Dictionary<string, string>>(envelope.Open(sealedHeaders, HeadersContext(tenantId, endpointId)))!;

    private static string KeyContext(Guid tenantId, Guid secretId) => $"{tenantId}|webhook_secret|{secretId}";

    private static string HeadersContext(Guid tenantId, Guid endpointId) => $"{tenantId}|webhook_headers|{endpointId}";
}
