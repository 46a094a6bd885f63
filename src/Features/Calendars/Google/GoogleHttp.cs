using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Polly;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>The client for everything of Google: bounded in time, attempts and size.</summary>
internal static class GoogleHttp
{
    public const string ClientName = "google-calendar";

    private const int MostRetries = 2;
    private const long LargestAnswer = 32 * 1024 * 1024;

    private static readonly TimeSpan OneAttempt = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AllAttempts = TimeSpan.FromSeconds(25);

    // Whoever asks for more patience than this is asked again with the next reading, or the next round of writing.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(3);

    // Of all that Google forbids, these two pass by themselves.
    private static readonly byte[][] TooFast = [.. new[] { "\"rateLimitExceeded\"", "\"userRateLimitExceeded\"" }.Select(Encoding.UTF8.GetBytes)];

    public static IServiceCollection AddGoogleHttp(this IServiceCollection services)
    {
        services.AddTransient<WholeAnswer>();
        services.AddHttpClient(ClientName, client => client.Timeout = Timeout.InfiniteTimeSpan)
            // The factory would log the URLs, and those of calendars are people's addresses.
            .RemoveAllLoggers()
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.All,
                ConnectTimeout = TimeSpan.FromSeconds(5),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
            .AddResilienceHandler(ClientName, static pipeline => pipeline
                .AddTimeout(AllAttempts)
                .AddRetry(new HttpRetryStrategyOptions
                {
                    MaxRetryAttempts = MostRetries,
                    Delay = TimeSpan.FromMilliseconds(200),
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    // All that is written carries an id of ours or the tag of what it replaces, so twice is once.
                    ShouldHandle = static async arguments =>
                        (HttpClientResiliencePredicates.IsTransient(arguments.Outcome) || await IsTooFastAsync(arguments.Outcome.Result))
                        && !AsksForPatience(arguments.Outcome.Result),
                })
                .AddTimeout(OneAttempt));
        services.AddHttpClient(ClientName).AddHttpMessageHandler<WholeAnswer>();
        return services;
    }

    /// <summary>403 is also how Google says 429.</summary>
    public static bool IsTooFast(HttpStatusCode status, ReadOnlySpan<byte> body) =>
        status == HttpStatusCode.Forbidden && (body.IndexOf(TooFast[0]) >= 0 || body.IndexOf(TooFast[1]) >= 0);

    private static async ValueTask<bool> IsTooFastAsync(HttpResponseMessage? response) =>
        response is { StatusCode: HttpStatusCode.Forbidden } && IsTooFast(response.StatusCode, await response.Content.ReadAsByteArrayAsync());

    private static bool AsksForPatience(HttpResponseMessage? response) => response?.Headers.RetryAfter is { } after
        && (after.Delta > LongestPause || (after.Date is { } date && response.Headers.Date is { } now && date - now > LongestPause));

    /// <summary>Reads an answer to its end, up to a limit, so that the timeouts and retries around it cover a body that stalls or breaks off.</summary>
    private sealed class WholeAnswer : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            try
            {
                await response.Content.LoadIntoBufferAsync(LargestAnswer, cancellationToken);
                return response;
            }
            catch
            {
                response.Dispose();
                throw;
            }
        }
    }
}
