using System.Collections.Concurrent;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>The tokens of an hour that the calendars are asked with, in memory only. Two that are fetched at once do no harm.</summary>
internal sealed class GoogleAccessTokens(GoogleOAuth oauth, TimeProvider clock)
{
    private readonly ConcurrentDictionary<Guid, Held> _tokens = new();

    // One a connected calendar.
    private sealed record Held(string Token, DateTimeOffset Until);

    public static CalendarException Lost() =>
        new(CalendarFailure.Unauthorized, "Google does not let us in any more: the access was withdrawn, or has run out. Connect the calendar again.");

    /// <exception cref="CalendarException">Google gives none.</exception>
    public async Task<string> OfAsync(GoogleAccount account, CancellationToken cancellationToken)
    {
        if (_tokens.TryGetValue(account.ConnectionId, out var held) && held.Until > clock.GetUtcNow())
            return held.Token;
        var fetched = await oauth.RefreshAsync(account.RefreshToken, cancellationToken);
        Keep(account.ConnectionId, fetched);
        return fetched.AccessToken;
    }

    public void Keep(Guid connectionId, GoogleOAuth.Tokens tokens) =>
        // A fifth before its end, so that none runs out on the way.
        _tokens[connectionId] = new Held(tokens.AccessToken, clock.GetUtcNow().AddSeconds(tokens.ExpiresIn * 0.8));

    /// <summary>When Google no longer takes that one, whatever it said of its end.</summary>
    public void Forget(Guid connectionId) => _tokens.TryRemove(connectionId, out _);
}

/// <summary>Whose calendar is asked for, and what lets us in. Not a record: a record would print its token.</summary>
internal sealed class GoogleAccount(Guid connectionId, string refreshToken)
{
    public Guid ConnectionId => connectionId;

    public string RefreshToken => refreshToken;
}
