using Microsoft.AspNetCore.WebUtilities;

namespace KestrelVoice.Voice.Webhooks;

/// <summary>
/// A webhook's form, exactly as it was sent. The framework's form collection merges names that differ in case only, and Twilio signs them apart.
/// </summary>
internal sealed class TwilioForm
{
    public const int MaxBodyBytes = 64 * 1024;

    private const string ContentType = "application/x-www-form-urlencoded";
    private const int MaxFields = 256;
    private const int MaxNameLength = 512;
    private readonly List<KeyValuePair<string, string>> _fields;

    private TwilioForm(List<KeyValuePair<string, string>> fields) => _fields = fields;

    public IReadOnlyList<KeyValuePair<string, string>> Fields => _fields;

    public string? this[string name] => _fields.FirstOrDefault(field => field.Key == name).Value;

    /// <summary>Null when the body is too large, cut off or has too many fields to come from Twilio. Another kind of body has no fields.</summary>
    public static async Task<TwilioForm?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentType?.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase) != true)
            return new TwilioForm([]);
        try
        {
            using var reader = new FormReader(request.Body) { KeyLengthLimit = MaxNameLength, ValueLengthLimit = MaxBodyBytes };
            var fields = new List<KeyValuePair<string, string>>();
            while (await reader.ReadNextPairAsync(cancellationToken) is { } field)
            {
                fields.Add(field);
                if (fields.Count > MaxFields)
                    return null;
            }
            return new TwilioForm(fields);
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or BadHttpRequestException)
        {
            return null;
        }
    }
}
