using System.Net;
using System.Net.Http.Headers;
using System.Text;
using KestrelVoice.Features.Kernel.CustomerUrls;

namespace KestrelVoice.Features.Calendars.CalDav;

/// <summary>Requests to a customer's server.</summary>
/// <remarks>Redirects are followed by hand: the client would lose the credentials on the way, or hand them to anybody.</remarks>
internal sealed class CalDavRequests(IHttpClientFactory clients, TimeProvider clock)
{
    public static readonly HttpMethod PropFind = new("PROPFIND");
    public static readonly HttpMethod Report = new("REPORT");

    private const int MostHops = 5;
    private const int MostBytes = 32 * 1024 * 1024;

    /// <summary>From the first packet of the first hop to the last of the last.</summary>
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(30);

    /// <param name="Depth">0 or 1; null where it means nothing.</param>
    /// <param name="Body">Null when there is none.</param>
    internal sealed record Request(HttpMethod Method, Uri Url, int? Depth, string? Body, string ContentType = "application/xml")
    {
        /// <summary>An ETag with its quotes, of what may be changed.</summary>
        public string? IfMatch { get; init; }

        /// <summary>Only where there is nothing yet.</summary>
        public bool IfNew { get; init; }
    }

    /// <param name="Url">Where the answer came from, after every redirect.</param>
    internal sealed record Answer(HttpStatusCode Status, Uri Url, string? ETag, byte[] Body)
    {
        public bool Succeeded => (int)Status is >= 200 and <= 299;
    }

    /// <exception cref="CalendarException">There was no answer, or none that we take.</exception>
    public async Task<Answer> SendAsync(CalDavAccount account, Request request, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Within, clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await FollowAsync(account, request, ending.Token);
        }
        catch (Exception failure) when (
            failure is HttpRequestException or IOException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw ConnectFailures.Of(failure) switch
            {
                ConnectFailures.BlockedAddress => new CalendarException(
                    CalendarFailure.BlockedAddress, "The calendar's address is not on the public internet.", failure),
                var reason => new CalendarException(CalendarFailure.Unavailable, $"The calendar server was not reached ({reason}).", failure),
            };
        }
    }

    private async Task<Answer> FollowAsync(CalDavAccount account, Request request, CancellationToken cancellationToken)
    {
        var url = request.Url;
        for (var hop = 0; hop <= MostHops; hop++)
        {
            using var message = Message(account, request, url);
            using var response = await clients.CreateClient(CustomerHttp.UnpooledClientName)
                .SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode is not (HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.TemporaryRedirect
                or HttpStatusCode.PermanentRedirect) || response.Headers.Location is not { } location)
            {
                return new Answer(response.StatusCode, url, ETagOf(response), await ReadAsync(response.Content, cancellationToken));
            }
            var next = new Uri(url, location);
            if (!IsSameServer(url, next))
            {
                throw new CalendarException(
                    CalendarFailure.BlockedAddress, $"The server sends us to another one, {next.Host}. Connect to that address if it is yours.");
            }
            url = next;
        }
        throw new CalendarException(CalendarFailure.Protocol, "The server sends us from one address to the next without end.");
    }

    private static HttpRequestMessage Message(CalDavAccount account, Request request, Uri url)
    {
        var message = new HttpRequestMessage(request.Method, url) { Version = HttpVersion.Version11 };
        message.Headers.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{account.UserName}:{account.Password}")));
        if (request.Depth is { } depth)
            message.Headers.Add("Depth", depth == 0 ? "0" : "1");
        if (request.IfMatch is { } etag)
            message.Headers.TryAddWithoutValidation("If-Match", etag);
        if (request.IfNew)
            message.Headers.TryAddWithoutValidation("If-None-Match", "*");
        if (request.Body is { } body)
            message.Content = new StringContent(body, Encoding.UTF8, request.ContentType);
        return message;
    }

    // Credentials are for the server that they were given for; from http to https of the same name is fine, back is not.
    private static bool IsSameServer(Uri from, Uri to) =>
        string.Equals(from.IdnHost, to.IdnHost, StringComparison.OrdinalIgnoreCase)
        && (from.Scheme == to.Scheme ? from.Port == to.Port : from.Scheme == Uri.UriSchemeHttp && to.Scheme == Uri.UriSchemeHttps);

    // Some servers leave out the quotes, and the typed header then shows nothing.
    private static string? ETagOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("ETag", out var values) ? values.FirstOrDefault() : null;

    private static async Task<byte[]> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var kept = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (kept.Length + read > MostBytes)
                throw new CalendarException(CalendarFailure.Protocol, "The calendar is too large to be read.");
            kept.Write(buffer, 0, read);
        }
        return kept.ToArray();
    }
}
