using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Texts;

/// <summary>Sends a text once. Twilio has no way to ask for the same message twice, so one of which nobody knows what became of it is not sent again.</summary>
internal sealed partial class TextSender(TenantDatabase database, TwilioMessages twilio, TimeProvider clock, ILogger<TextSender> logger)
{
    // Later than this the caller has found out some other way.
    private static readonly TimeSpan Patience = TimeSpan.FromHours(2);

    private const string Find =
        """
        select t.from_number, t.to_number, t.created_at, a.status, a.starts_at, s.name as service_name, n.business_name, n.time_zone
        from texts t
        join appointments a on a.tenant_id = t.tenant_id and a.id = t.appointment_id
        join services s on s.tenant_id = a.tenant_id and s.id = a.service_id
        join tenants n on n.id = t.tenant_id
        where t.tenant_id = @TenantId and t.id = @Id and t.status = 'waiting'
        """;

    private const string Move =
        """
        update texts
        set status = @To, message_sid = @MessageSid, error_code = @ErrorCode, updated_at = @Now
        where tenant_id = @TenantId and id = @Id and status = @From
        """;

    private sealed record Waiting(
        string FromNumber, string ToNumber, DateTime CreatedAt, string Status, DateTime StartsAt, string ServiceName, string BusinessName, string TimeZone);

    /// <returns>True when there is nothing left to do.</returns>
    public async Task<bool> SendAsync(Guid tenantId, Guid textId, CancellationToken cancellationToken)
    {
        var text = await database.ReadAsync(
            tenantId, Find, new { Id = textId }, results => results.ReadSingleOrDefaultAsync<Waiting?>(), cancellationToken);
        if (text is null)
            return true;
        if (text.Status != "scheduled" || clock.GetUtcNow().UtcDateTime - text.CreatedAt > Patience)
        {
            await MoveAsync(tenantId, textId, "waiting", "dropped", null, null, cancellationToken);
            return true;
        }
        // Before it is sent: should we not live to see the answer, it is known to have been tried.
        if (!await MoveAsync(tenantId, textId, "waiting", "unconfirmed", null, null, cancellationToken))
            return true;
        var body = ConfirmationBody.Of(text.BusinessName, text.ServiceName, text.StartsAt, text.TimeZone, text.FromNumber);
        switch (await twilio.SendAsync(text.FromNumber, text.ToNumber, body, cancellationToken))
        {
            case Sending.Sent(var sid):
                await MoveAsync(tenantId, textId, "unconfirmed", "sent", sid, null, cancellationToken);
                return true;
            case Sending.Refused(var status, var code):
                LogRefused(logger, textId, tenantId, status, code);
                await MoveAsync(tenantId, textId, "unconfirmed", "refused", null, code, cancellationToken);
                return true;
            case Sending.NotTaken:
                await MoveAsync(tenantId, textId, "unconfirmed", "waiting", null, null, cancellationToken);
                return false;
            default:
                LogUnconfirmed(logger, textId, tenantId);
                return true;
        }
    }

    private async Task<bool> MoveAsync(
        Guid tenantId, Guid id, string from, string to, string? messageSid, int? errorCode, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        var moved = await transaction.ExecuteAsync(
            Move, new { Id = id, From = from, To = to, MessageSid = messageSid, ErrorCode = errorCode, Now = clock.GetUtcNow().UtcDateTime }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return moved > 0;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Text {TextId} of tenant {TenantId} was refused by Twilio: {Status}, error {Code}")]
    private static partial void LogRefused(ILogger logger, Guid textId, Guid tenantId, int status, int? code);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether text {TextId} of tenant {TenantId} was sent is not known; it is not sent again")]
    private static partial void LogUnconfirmed(ILogger logger, Guid textId, Guid tenantId);
}
