using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using KestrelVoice.Features.Kernel;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>OAuth 2 with Google: the authorization code flow with PKCE (RFC 7636), refreshing, and revoking.</summary>
internal sealed class GoogleOAuth(IHttpClientFactory clients, IOptions<GoogleSettings> settings, PublicUrl publicUrl)
{
    public const string CallbackPath = "/calendars/google/callback";

    private const string Events = "https://www.googleapis.com/auth/calendar.events";

    /// <summary>The narrowest with which events are read and written, free and busy is asked for, and the calendar is found.</summary>
    private static readonly string[] Scopes =
    [
        Events, "https://www.googleapis.com/auth/calendar.freebusy", "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
    ];

    private string RedirectUri => publicUrl.Base + CallbackPath;

    /// <param name="Scope">What was really granted: on Google's page every permission has a box of its own.</param>
    internal sealed record Tokens(string AccessToken, string? RefreshToken, int ExpiresIn, string? Scope)
    {
        public bool HasEveryScope => Scopes.All((Scope ?? "").Split(' ').Contains);

        // A record would print its tokens.
        public override string ToString() => nameof(Tokens);
    }

    private sealed record TokenAnswer(
        [property: System.Text.Json.Serialization.JsonPropertyName("access_token")] string? AccessToken,
        [property: System.Text.Json.Serialization.JsonPropertyName("refresh_token")] string? RefreshToken,
        [property: System.Text.Json.Serialization.JsonPropertyName("expires_in")] int ExpiresIn,
        [property: System.Text.Json.Serialization.JsonPropertyName("scope")] string? Scope);

    /// <summary>43 characters that nobody guesses.</summary>
    public static string Unguessable() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>Where to send the browser of whoever owns the calendar.</summary>
    public string AuthorizeUrl(string state, string codeVerifier) => QueryHelpers.AddQueryString(
        new Uri(settings.Value.BaseUrls.Accounts, "o/oauth2/v2/auth").AbsoluteUri,
        new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = settings.Value.ClientId,
            ["redirect_uri"] = RedirectUri,
            ["scope"] = string.Join(' ', Scopes),
            // For a refresh token, and for one also from somebody who has consented before.
            ["access_type"] = "offline",
            ["prompt"] = "consent",
            ["state"] = state,
            ["code_challenge"] = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(codeVerifier))),
            ["code_challenge_method"] = "S256",
        });

    public Task<Tokens> ExchangeAsync(string code, string codeVerifier, CancellationToken cancellationToken) => TokensAsync(
        cancellationToken,
        ("grant_type", "authorization_code"), ("code", code), ("code_verifier", codeVerifier), ("redirect_uri", RedirectUri));

    public Task<Tokens> RefreshAsync(string refreshToken, CancellationToken cancellationToken) => TokensAsync(
        cancellationToken, ("grant_type", "refresh_token"), ("refresh_token", refreshToken));

    /// <summary>Gives back all that its owner has granted. What Google does not know any more is fine.</summary>
    public async Task RevokeAsync(string refreshToken, CancellationToken cancellationToken)
    {
        var answer = await PostAsync("revoke", cancellationToken, ("token", refreshToken));
        if (answer.Reason != "invalid_token")
            answer.OrThrow();
    }

    private async Task<Tokens> TokensAsync(CancellationToken cancellationToken, params (string Name, string Value)[] form)
    {
        if (settings.Value is not { IsSetUp: true, ClientId: { } clientId, ClientSecret: { } clientSecret })
            throw new CalendarException(CalendarFailure.Forbidden, "Google is not set up here any more; its operator knows.");
        var answer = await PostAsync("token", cancellationToken, [.. form, ("client_id", clientId), ("client_secret", clientSecret)]);
        if (answer.Reason == "invalid_grant")
            throw GoogleAccessTokens.Lost();
        if (answer.Reason is "invalid_client" or "unauthorized_client")
            throw new CalendarException(CalendarFailure.Forbidden, "Google does not know this KestrelVoice; its operator must look at Google:ClientId.");
        var tokens = answer.OrThrow().Read<TokenAnswer>();
        return tokens is { AccessToken.Length: > 0, ExpiresIn: > 0 }
            ? new Tokens(tokens.AccessToken, tokens.RefreshToken, tokens.ExpiresIn, tokens.Scope)
            : throw new CalendarException(CalendarFailure.Protocol, "Google gave no token.");
    }

    private async Task<GoogleAnswer> PostAsync(string path, CancellationToken cancellationToken, params (string Name, string Value)[] form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(settings.Value.BaseUrls.OAuth, path))
        {
            Content = new FormUrlEncodedContent(form.Select(field => KeyValuePair.Create(field.Name, field.Value))),
        };
        return await GoogleAnswer.OfAsync(clients.CreateClient(GoogleHttp.ClientName), request, cancellationToken);
    }
}
