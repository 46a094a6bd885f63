using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using KestrelVoice.Contracts;

namespace KestrelVoice.Features.Calls;

/// <summary>Calls as Twilio keeps them.</summary>
internal sealed partial class TwilioCalls(IHttpClientFactory clients, TwilioMedia.Account account)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // A number, for all that Twilio writes it as text.
        NumberHandling = JsonNumberHandling.AllowReadingFromString,
    };

    /// <param name="Status">One of Twilio's, of which five are of calls that are over.</param>
    /// <param name="Duration">In seconds; null until the call is over.</param>
    /// <param name="EndTime">In RFC 2822.</param>
    private sealed record CallResource(string? Status, int? Duration, string? EndTime);

    /// <param name="Source">What made it, such as a verb of TwiML.</param>
    private sealed record RecordingResource(string? Sid, string? Status, int? Duration, string? Source);

    private sealed record RecordingsPage(IReadOnlyList<RecordingResource>? Recordings);

    /// <param name="Status">Twilio's.</param>
    /// <param name="At">Null when Twilio does not say.</param>
    internal sealed record End(string Status, TimeSpan Duration, DateTimeOffset? At);

    /// <param name="Available">False when nothing was recorded after all.</param>
    internal sealed record Recording(string Sid, RecordingKind Kind, bool Available, TimeSpan Duration);

    /// <summary>How a call ended; null when it has not, or when Twilio does not know it.</summary>
    /// <exception cref="HttpRequestException">Twilio is away, or answers with something that is not a call.</exception>
    public async Task<End?> FindEndAsync(string callSid, CancellationToken cancellationToken) =>
        await ReadAsync<CallResource>($"Calls/{callSid}.json", cancellationToken) is { Status: "completed" or "busy" or "no-answer" or "failed" or "canceled" } call
            ? new End(call.Status, Seconds(call.Duration), TimeOf(call.EndTime))
            : null;

    /// <summary>What was recorded of a call that is over: the first page of it, which has fifty places, and we record twice at most.</summary>
    /// <exception cref="HttpRequestException">Twilio is away, or answers with something that is no list of recordings.</exception>
    public async Task<IReadOnlyList<Recording>> FindRecordingsAsync(string callSid, CancellationToken cancellationToken) =>
    [
        .. from recording in (await ReadAsync<RecordingsPage>($"Calls/{callSid}/Recordings.json", cancellationToken))?.Recordings ?? []
           where recording is { Sid: { } sid, Status: "completed" or "absent" or "failed" } && RecordingSid().IsMatch(sid)
           orderby recording.Sid
           select new Recording(
               recording.Sid!, recording.Source == "RecordVerb" ? RecordingKind.Voicemail : RecordingKind.Call, recording.Status == "completed", Seconds(recording.Duration)),
    ];

    private async Task<T?> ReadAsync<T>(string resource, CancellationToken cancellationToken)
        where T : class
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, account.UrlOf(resource));
        request.Headers.Authorization = account.Credential;
        using var response = await clients.CreateClient(TwilioMedia.Client).SendAsync(request, cancellationToken);
        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone)
            return null;
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException("Unexpected answer to a question about a call.", null, response.StatusCode);
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken);
        }
        catch (JsonException notACall)
        {
            throw new HttpRequestException("What Twilio says of a call cannot be read.", notACall);
        }
    }

    private static TimeSpan Seconds(int? count) => TimeSpan.FromSeconds(Math.Max(count ?? 0, 0));

    private static DateTimeOffset? TimeOf(string? text) =>
        DateTimeOffset.TryParseExact(text, "ddd, dd MMM yyyy HH:mm:ss zzz", CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var time)
            ? time : null;

    [GeneratedRegex(CallEventRules.RecordingSid)]
    private static partial Regex RecordingSid();
}
