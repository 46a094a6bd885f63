using System.Net;
using System.Text.Json;
using KestrelVoice.Features.Kernel.CustomerUrls;
using Polly;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>What Google answered, read to its end.</summary>
internal sealed record GoogleAnswer(HttpStatusCode Status, byte[] Body)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public bool Succeeded => (int)Status is >= 200 and <= 299;

    /// <summary>Google's word for what is wrong, such as <c>duplicate</c> or <c>invalid_grant</c>.</summary>
    public string? Reason
    {
        get
        {
            try
            {
                var error = JsonSerializer.Deserialize<JsonElement>(Body).GetProperty("error");
                // Of the token endpoint, and of the calendar.
                return error.ValueKind == JsonValueKind.String ? error.GetString()
                    : error.GetProperty("errors")[0].GetProperty("reason").GetString();
            }
            catch (Exception other) when (other is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
            {
                return null;
            }
        }
    }

    /// <exception cref="CalendarException">It cannot be reached.</exception>
    public static async Task<GoogleAnswer> OfAsync(HttpClient client, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await client.SendAsync(request, cancellationToken);
            return new GoogleAnswer(response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken));
        }
        catch (Exception failure) when (
            failure is HttpRequestException or IOException or ExecutionRejectedException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new CalendarException(CalendarFailure.Unavailable, $"Google was not reached ({ConnectFailures.Of(failure)}).", failure);
        }
    }

    public T Read<T>()
    {
        try
        {
            return JsonSerializer.Deserialize<T>(Body, Json) ?? throw Strange();
        }
        catch (JsonException)
        {
            throw Strange();
        }
    }

    public GoogleAnswer OrThrow() => Succeeded ? this : throw Failure();

    public CalendarException Failure()
    {
        var reason = Reason;
        return Status switch
        {
            HttpStatusCode.Unauthorized => GoogleAccessTokens.Lost(),
            HttpStatusCode.NotFound => new CalendarException(CalendarFailure.NotFound, "The calendar is not there, or no longer shared with this account."),
            HttpStatusCode.Gone => new CalendarException(CalendarFailure.TokenForgotten, "Google has forgotten our place."),
            HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed => new CalendarException(CalendarFailure.Changed, "It was changed meanwhile."),
            HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError =>
                new CalendarException(CalendarFailure.Unavailable, $"Google is not available (status {(int)Status})."),
            HttpStatusCode.Forbidden when reason == "quotaExceeded" || GoogleHttp.IsTooFast(Status, Body) =>
                new CalendarException(CalendarFailure.Unavailable, "Google wants fewer requests for the moment."),
            HttpStatusCode.Forbidden => new CalendarException(CalendarFailure.Forbidden, "Google does not allow this. Connect the calendar again, with every permission."),
            _ => new CalendarException(CalendarFailure.Protocol, $"Google answered with status {(int)Status}{(reason is null ? "" : $" ({reason})")}."),
        };
    }

    private static CalendarException Strange() => new(CalendarFailure.Protocol, "Google answered with something that is not understood.");
}
