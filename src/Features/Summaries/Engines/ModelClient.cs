using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using OpenAI;
using OpenAI.Chat;
using Polly;

namespace KestrelVoice.Features.Summaries.Engines;

/// <summary>A model behind an OpenAI-compatible server, asked a bounded number of times for a bounded answer.</summary>
internal static class ModelClient
{
    public const string Http = "summary-model";

    private const int MostRetries = 2;
    private const long LargestAnswer = 1024 * 1024;

    // Whoever asks for more patience than this is asked again with the next call.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    public static IChatClient Create(SummarySettings settings, IHttpClientFactory clients) =>
        new ChatClient(
            settings.Model,
            // The library refuses an empty key, and a server that wants none ignores this one.
            new ApiKeyCredential(string.IsNullOrWhiteSpace(settings.ApiKey) ? "none" : settings.ApiKey),
            new OpenAIClientOptions
            {
                Endpoint = new Uri(settings.Endpoint!),
                Transport = new HttpClientPipelineTransport(clients.CreateClient(Http)),
                // Once is enough: the handlers below do it, and know when to stop.
                RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
                NetworkTimeout = Timeout.InfiniteTimeSpan,
            })
        .AsIChatClient();

    public static void AddModelHttp(this IServiceCollection services)
    {
        services.AddTransient<WholeAnswer>();
        services.AddHttpClient(Http, client => client.Timeout = Timeout.InfiniteTimeSpan)
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                ConnectTimeout = TimeSpan.FromSeconds(5),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            })
            .AddResilienceHandler("summary-model", static (pipeline, context) =>
            {
                var settings = context.ServiceProvider.GetRequiredService<IOptions<SummarySettings>>().Value;
                pipeline
                    .AddTimeout(settings.RequestTimeout * 1.5)
                    .AddRetry(new HttpRetryStrategyOptions
                    {
                        MaxRetryAttempts = MostRetries,
                        Delay = TimeSpan.FromMilliseconds(500),
                        BackoffType = DelayBackoffType.Exponential,
                        UseJitter = true,
                        ShouldHandle = arguments => ValueTask.FromResult(
                            HttpClientResiliencePredicates.IsTransient(arguments.Outcome)
                            && !AsksForPatience(arguments.Outcome.Result)),
                    })
                    .AddTimeout(settings.RequestTimeout);
            });
        services.AddHttpClient(Http).AddHttpMessageHandler<WholeAnswer>();
    }

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
                // A redirect would carry the key, and the caller's words, elsewhere.
                if ((int)response.StatusCode is >= 300 and < 400)
                    response.StatusCode = HttpStatusCode.Forbidden;
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
