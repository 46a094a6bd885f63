using KestrelVoice.Contracts;
using KestrelVoice.Features.Calls;
using KestrelVoice.Features.Kernel;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace KestrelVoice.Features.Texts;

/// <summary>Which text: what travels over <see cref="Topics.Texts"/>.</summary>
internal sealed record TextReference(Guid TenantId, Guid TextId)
{
    public const string CloudEventType = "kestrelvoice.text-waiting.v1";
}

/// <summary>Has a text sent to whoever booked by phone, exactly when the booking is committed.</summary>
internal sealed partial class ConfirmationTexts(
    Outbox outbox, IOptions<TextSettings> options, TwilioMedia.Account account, TimeProvider clock, ILogger<ConfirmationTexts> logger)
{
    private const string Insert =
        """
        insert into texts (tenant_id, id, appointment_id, from_number, to_number, status, created_at, updated_at)
        select @TenantId, @Id, @AppointmentId, @From, @To, 'waiting', @Now, @Now
        where reaches_outside(@TenantId)
        on conflict (tenant_id, appointment_id) do nothing
        """;

    private int _missed;

    /// <param name="call">From whose dialled number it comes, and to whose caller it goes.</param>
    public async Task AddAsync(TenantTransaction transaction, Guid appointmentId, CallHeader call, CancellationToken cancellationToken)
    {
        if (!options.Value.ConfirmBookings)
            return;
        if (!account.IsConfigured)
        {
            if (Interlocked.Exchange(ref _missed, 1) == 0)
                LogNoAccount(logger);
            return;
        }
        var now = clock.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await transaction.ExecuteAsync(
            Insert, new { Id = id, AppointmentId = appointmentId, From = call.To, To = call.From, Now = now.UtcDateTime }, cancellationToken);
        await outbox.AddAsync(
            transaction, Topics.Texts, TextReference.CloudEventType, new TextReference(transaction.TenantId, id), urgent: false, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Bookings by phone are not confirmed by text: Twilio:AccountSid and Twilio:AuthToken are not set")]
    private static partial void LogNoAccount(ILogger logger);
}
