using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using KestrelVoice.Features.Identity.Credentials;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Identity;

/// <summary>Signs in at an external Supabase project, from the server, with its publishable key.</summary>
internal sealed partial class SupabaseSignIn(
    IHttpClientFactory http, SignInThrottle throttle, IOptions<AuthOptions> options, ILogger<SupabaseSignIn> logger) : ISignIn
{
    internal const string Client = "supabase";
    private static readonly TimeSpan ShortWait = TimeSpan.FromSeconds(30);

    // Their limit counts our server as one visitor, so each visitor is counted here first.
    public async Task<SignInOutcome> SignInAsync(string email, string password, IPAddress? address, CancellationToken cancellationToken)
    {
        var account = email.ToUpperInvariant();
        if (throttle.Take(account, address) is { } wait)
            return new SignInOutcome.TooManyAttempts(wait);
        try
        {
            using var request = Request("/token?grant_type=password");
            request.Content = JsonContent.Create(new { email, password });
            using var response = await http.CreateClient(Client).SendAsync(request, cancellationToken);
            var outcome = await ReadAsync(response, cancellationToken);
            if (outcome is not SignInOutcome.WrongCredentials)
                throttle.GiveBack(account, address);
            return outcome;
        }
        catch (Exception away) when (IsAway(away, cancellationToken))
        {
            LogAway(logger, away.GetType().Name);
            throttle.GiveBack(account, address);
            return new SignInOutcome.Unavailable();
        }
    }

    public async Task SignOutAsync(string accessToken, string refreshToken, CancellationToken cancellationToken)
    {
        if (accessToken.Length > AccessTokenVerifier.LongestToken || !accessToken.All(char.IsAscii) || accessToken.Any(char.IsControl))
            return;
        try
        {
            using var request = Request("/logout?scope=local");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", accessToken);
            using var response = await http.CreateClient(Client).SendAsync(request, cancellationToken);
        }
        catch (Exception away) when (IsAway(away, cancellationToken))
        {
            LogAway(logger, away.GetType().Name);
        }
    }

    private HttpRequestMessage Request(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, options.Value.BaseUrl + path);
        request.Headers.Add("apikey", options.Value.Supabase.PublishableKey);
        return request;
    }

    private static async Task<SignInOutcome> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode is HttpStatusCode.TooManyRequests)
            return new SignInOutcome.TooManyAttempts(response.Headers.RetryAfter?.Delta ?? ShortWait);
        if (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.UnprocessableEntity)
            return new SignInOutcome.WrongCredentials();
        if (!response.IsSuccessStatusCode)
            return new SignInOutcome.Unavailable();
        var session = await response.Content.ReadAsStringAsync(cancellationToken);
        return SessionCookie.Decode(session) is null ? new SignInOutcome.Unavailable() : new SignInOutcome.SignedIn(session);
    }

    private static bool IsAway(Exception exception, CancellationToken cancellationToken) =>
        exception is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Supabase project did not answer: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);
}
