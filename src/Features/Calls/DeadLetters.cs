using System.Security.Cryptography;
using System.Text;
using Dapper;
using KestrelVoice.Contracts;
using Npgsql;

namespace KestrelVoice.Features.Calls;

/// <summary>Where events go that no call log can be made of: kept byte for byte, so that nothing is lost without a trace.</summary>
internal sealed class DeadLetters(NpgsqlDataSource source, TimeProvider clock)
{
    public const string NobodysNumber = "nobodys_number";
    public const string TenantGone = "tenant_gone";
    public const string UnknownType = "unknown_type";
    public const string Undeliverable = "undeliverable";

    // No conflict target: naming one would need the right to read.
    private const string Keep =
        """
        insert into dead_letters (digest, received_at, reason, event_type, event_id, body)
        values (@Digest, @Now, @Reason, @EventType, @EventId, @Body)
        on conflict do nothing
        """;

    public Task KeepAsync(string reason, CallEvent callEvent, CancellationToken cancellationToken)
    {
        var stored = StoredCallEvent.Of(callEvent);
        return KeepAsync(reason, stored.Type, callEvent.EventId, Encoding.UTF8.GetBytes(stored.Body), cancellationToken);
    }

    public async Task KeepAsync(string reason, string? eventType, string? eventId, byte[] body, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(new CommandDefinition(
            Keep,
            new
            {
                Digest = SHA256.HashData(body),
                Now = clock.GetUtcNow().UtcDateTime,
                Reason = reason,
                EventType = Printable(eventType),
                EventId = Printable(eventId),
                Body = body,
            },
            cancellationToken: cancellationToken));
    }

    // Whatever a stranger wrote into an envelope must not keep it from being kept; Postgres takes no NUL in text.
    private static string? Printable(string? text) =>
        text is null ? null : new string([.. text.Where(character => !char.IsControl(character) && !char.IsSurrogate(character)).Take(200)]);
}
