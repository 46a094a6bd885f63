using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace KestrelVoice.Features.Calls;

/// <summary>Recordings as Twilio keeps them. Their addresses are built here; none that came in an event is ever fetched.</summary>
internal sealed class TwilioMedia(IHttpClientFactory clients, TwilioMedia.Account account)
{
    public const string Client = "twilio-media";

    private const int MostRedirects = 2;

    internal sealed record Account(Uri ApiBaseUrl, string AccountSid, string AuthToken)
    {
        // A record would print its token.
        public override string ToString() => nameof(Account);

        /// <summary>Without both, there is nobody to ask and nothing to send with.</summary>
        public bool IsConfigured => AccountSid.Length > 0 && AuthToken.Length > 0;

        public AuthenticationHeaderValue Credential => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{AccountSid}:{AuthToken}")));

        /// <param name="resource">Below the account, such as <c>Recordings/RE….wav</c>.</param>
        public Uri UrlOf(string resource) => new(ApiBaseUrl, $"/2010-04-01/Accounts/{AccountSid}/{resource}");

        public static Account From(IConfiguration configuration)
        {
            var configured = configuration["Twilio:ApiBaseUrl"] ?? "https://api.twilio.com";
            return Uri.TryCreate(configured, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
                ? new Account(url, configuration["Twilio:AccountSid"] ?? "", configuration["Twilio:AuthToken"] ?? "")
                : throw new InvalidOperationException("Twilio:ApiBaseUrl is not an absolute http or https URL.");
        }
    }

    /// <summary>The response with its headers read; null when Twilio has no such recording.</summary>
    /// <exception cref="HttpRequestException">Twilio is away, or answers with something that is not a recording.</exception>
    public async Task<HttpResponseMessage?> OpenAsync(string recordingSid, string? range, CancellationToken cancellationToken)
    {
        var url = account.UrlOf($"Recordings/{recordingSid}.wav");
        for (var redirects = 0; redirects <= MostRedirects; redirects++)
        {
            var response = await SendAsync(url, range, cancellationToken);
            switch (response.StatusCode)
            {
                case HttpStatusCode.OK or HttpStatusCode.PartialContent or HttpStatusCode.RequestedRangeNotSatisfiable:
                    return response;
                case HttpStatusCode.NotFound or HttpStatusCode.Gone:
                    response.Dispose();
                    return null;
                case HttpStatusCode.Found or HttpStatusCode.MovedPermanently or HttpStatusCode.SeeOther
                    or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect:
                    url = Target(url, response.Headers.Location);
                    response.Dispose();
                    break;
                default:
                    var status = response.StatusCode;
                    response.Dispose();
                    throw new HttpRequestException("Unexpected answer to a request for a recording.", null, status);
            }
        }
        throw new HttpRequestException("Too many redirects on the way to a recording.");
    }

    /// <summary>Returns once Twilio has no such recording, which may have been so before.</summary>
    /// <exception cref="HttpRequestException">Twilio is away, or will not.</exception>
    public async Task DeleteAsync(string recordingSid, CancellationToken cancellationToken)
    {
        // Without an account the address leads nowhere, and nowhere answers 404.
        if (account.AccountSid.Length == 0)
            throw new HttpRequestException("No Twilio account is configured.");
        using var request = new HttpRequestMessage(HttpMethod.Delete, account.UrlOf($"Recordings/{recordingSid}.json"));
        request.Headers.Authorization = account.Credential;
        using var response = await clients.CreateClient(Client).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (!response.IsSuccessStatusCode && response.StatusCode is not (HttpStatusCode.NotFound or HttpStatusCode.Gone))
            throw new HttpRequestException("Unexpected answer to a request to delete a recording.", null, response.StatusCode);
    }

    /// <summary>Whether this came of Twilio not answering, rather than of our own request being given up.</summary>
    public static bool IsAway(Exception exception, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested
        && exception is HttpRequestException or TimeoutRejectedException or BrokenCircuitException or OperationCanceledException;

    private async Task<HttpResponseMessage> SendAsync(Uri url, string? range, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        // The token is for Twilio's API, not for wherever it keeps its files.
        if (url.Authority == account.ApiBaseUrl.Authority)
            request.Headers.Authorization = account.Credential;
        if (RangeHeaderValue.TryParse(range, out var parsed))
            request.Headers.Range = parsed;
        return await clients.CreateClient(Client).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    private Uri Target(Uri from, Uri? location)
    {
        var target = location is null ? null : new Uri(from, location);
        return target is not null && (target.Scheme == Uri.UriSchemeHttps || target.Authority == account.ApiBaseUrl.Authority)
            ? target
            : throw new HttpRequestException("A recording was redirected to somewhere that is not https.");
    }
}

internal static class TwilioMediaRegistration
{
    private static readonly TimeSpan UntilHeaders = TimeSpan.FromSeconds(5);

    public static IServiceCollection AddTwilioMedia(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(TwilioMedia.Account.From(configuration)).AddSingleton<TwilioMedia>().AddSingleton<TwilioCalls>();
        services.AddHttpClient(TwilioMedia.Client)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                ConnectTimeout = TimeSpan.FromSeconds(3),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
            .AddStandardResilienceHandler(resilience =>
            {
                resilience.AttemptTimeout.Timeout = UntilHeaders;
                resilience.TotalRequestTimeout.Timeout = UntilHeaders * 3;
                resilience.Retry.MaxRetryAttempts = 2;
                resilience.Retry.Delay = TimeSpan.FromMilliseconds(200);
                resilience.CircuitBreaker.SamplingDuration = UntilHeaders * 4;
            });
        return services;
    }
}
