using System.Text.Json;

namespace KestrelVoice.Features.Calls;

/// <summary>A CloudEvents envelope of which nothing may be expected.</summary>
internal static class Envelope
{
    public static async Task<byte[]> ReadAsync(Stream body, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        await body.CopyToAsync(bytes, cancellationToken);
        return bytes.ToArray();
    }

    public static (string? Type, string? Id) Identify(byte[] envelope)
    {
        try
        {
            using var document = JsonDocument.Parse(envelope);
            return (Text(document.RootElement, "type"), Text(document.RootElement, "id"));
        }
        catch (JsonException)
        {
            return (null, null);
        }
    }

    private static string? Text(JsonElement envelope, string name)
    {
        try
        {
            return envelope.ValueKind == JsonValueKind.Object && envelope.TryGetProperty(name, out var value)
                && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: valid JSON, but not a string.
            return null;
        }
    }
}
