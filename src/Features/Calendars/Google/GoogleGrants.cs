using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Calendars.Google;

/// <summary>Gives back what an account has granted, when nothing of it is connected any more. A courtesy: whether it succeeds changes nothing here.</summary>
internal sealed partial class GoogleGrants(
    CalendarConnections connections, GoogleOAuth oauth, GoogleAccessTokens tokens, TimeProvider clock, ILogger<GoogleGrants> logger)
{
    // Somebody waits for the answer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task GiveBackAsync(Guid tenantId, Guid calendarId, string sealedSecret, CancellationToken cancellationToken)
    {
        tokens.Forget(calendarId);
        using var patience = new CancellationTokenSource(Patience, clock);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            await oauth.RevokeAsync(connections.SecretOf(tenantId, calendarId, sealedSecret), ending.Token);
        }
        catch (Exception failure) when (failure is CalendarException or CryptographicException or OperationCanceledException)
        {
            LogKept(logger, calendarId, tenantId, (failure as CalendarException)?.Failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The access to calendar {CalendarId} of tenant {TenantId} could not be given back to Google: {Failure}")]
    private static partial void LogKept(ILogger logger, Guid calendarId, Guid tenantId, CalendarFailure? failure);
}
