using System.Security.Cryptography;
using System.Text;
using KestrelVoice.Features.Kernel.Secrets;

namespace KestrelVoice.Features.Kernel.Idempotency;

/// <summary>What was answered to a request, to be answered again.</summary>
internal sealed record StoredAnswer(int Status, string? ContentType, string? Location, byte[] Body);

/// <summary>The right to run one request, for as long as the lease lasts.</summary>
internal sealed record Claim(Guid TenantId, Guid PrincipalId, byte[] KeyHash, byte[] RequestHash, Guid Id);

/// <summary>What is known of a key at the moment at which it is used.</summary>
internal abstract record KeyState
{
    private KeyState() { }

    internal sealed record Claimed : KeyState;

    internal sealed record UnderWay : KeyState;

    internal sealed record OfAnotherRequest : KeyState;

    internal sealed record Answered(StoredAnswer Answer) : KeyState;
}

/// <summary>Keys, the requests they were used for, and what was answered: for a day, by tenant and credential.</summary>
internal sealed class StoredAnswers(TenantDatabase database, Envelope envelope, TimeProvider clock)
{
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    /// <summary>Longer than any request takes. One that takes longer still cannot commit once another one has taken over.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(20);

    // Repeating this is harmless: whoever has claimed the key finds their own claim.
    private const string ClaimKey =
        """
        insert into idempotency_keys (tenant_id, principal_id, key_hash, request_hash, claim, leased_until, expires_at)
        values (@TenantId, @PrincipalId, @KeyHash, @RequestHash, @Id, @LeasedUntil, @ExpiresAt)
        on conflict (tenant_id, principal_id, key_hash) do update
        set request_hash = excluded.request_hash, claim = excluded.claim, leased_until = excluded.leased_until, expires_at = excluded.expires_at,
            status = null, content_type = null, location = null, body = null
        where idempotency_keys.expires_at <= @Now
          or (idempotency_keys.status is null and idempotency_keys.leased_until <= @Now and idempotency_keys.request_hash = excluded.request_hash);
        select request_hash, claim, status, content_type, location, body
        from idempotency_keys
        where tenant_id = @TenantId and principal_id = @PrincipalId and key_hash = @KeyHash
        """;

    private const string Keep =
        """
        update idempotency_keys
        set status = @Status, content_type = @ContentType, location = @Location, body = @Body
        where tenant_id = @TenantId and principal_id = @PrincipalId and key_hash = @KeyHash and claim = @Id
        """;

    private const string Forget =
        """
        delete from idempotency_keys
        where tenant_id = @TenantId and principal_id = @PrincipalId and key_hash = @KeyHash and claim = @Id and status is null
        """;

    private sealed record Row(byte[] RequestHash, Guid Claim, int? Status, string? ContentType, string? Location, string? Body);

    public Claim NewClaim(Principal principal, string key, byte[] requestHash) => new(
        principal.TenantId, principal.Id, SHA256.HashData(Encoding.ASCII.GetBytes(key)), requestHash, Guid.CreateVersion7(clock.GetUtcNow()));

    public async Task<KeyState> ClaimAsync(Claim claim, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        var row = await database.ReadAsync(
            claim.TenantId, ClaimKey,
            new { claim.PrincipalId, claim.KeyHash, claim.RequestHash, claim.Id, Now = now, LeasedUntil = now + Lease, ExpiresAt = now + KeptFor },
            results => results.ReadSingleOrDefaultAsync<Row>(), cancellationToken);
        return row switch
        {
            // Given up by whoever had it, in this very moment.
            null => new KeyState.UnderWay(),
            _ when row.Claim == claim.Id => new KeyState.Claimed(),
            _ when !row.RequestHash.AsSpan().SequenceEqual(claim.RequestHash) => new KeyState.OfAnotherRequest(),
            { Status: { } status } => new KeyState.Answered(new StoredAnswer(status, row.ContentType, row.Location, Open(claim.TenantId, row))),
            _ => new KeyState.UnderWay(),
        };
    }

    /// <summary>Commits the answer, and with it what it tells of.</summary>
    /// <param name="claim">Of the request.</param>
    /// <param name="answer">As it will be given.</param>
    /// <param name="transaction">Of the slice; null when it wrote nothing.</param>
    /// <returns>False, and nothing is committed, when another request has taken over.</returns>
    /// <remarks>Once there is an answer it is kept, whether or not anybody still waits for it.</remarks>
    public async Task<bool> CommitAsync(Claim claim, StoredAnswer answer, TenantTransaction? transaction)
    {
        await using var own = transaction ?? await database.BeginAsync(claim.TenantId, CancellationToken.None);
        var kept = await own.ExecuteAsync(
            Keep,
            new { claim.PrincipalId, claim.KeyHash, claim.Id, answer.Status, answer.ContentType, answer.Location, Body = Seal(claim, answer) },
            CancellationToken.None);
        if (kept == 0)
            return false;
        await own.CommitAsync(CancellationToken.None);
        return true;
    }

    /// <summary>The key may be used again at once, unless there is an answer after all.</summary>
    public async Task ForgetAsync(Claim claim)
    {
        await using var transaction = await database.BeginAsync(claim.TenantId, CancellationToken.None);
        await transaction.ExecuteAsync(Forget, new { claim.PrincipalId, claim.KeyHash, claim.Id }, CancellationToken.None);
        await transaction.CommitAsync(CancellationToken.None);
    }

    private string? Seal(Claim claim, StoredAnswer answer) =>
        answer.Body.Length == 0 ? null : envelope.Seal(answer.Body, Context(claim.TenantId, claim.Id));

    private byte[] Open(Guid tenantId, Row row) => row.Body is null ? [] : envelope.Open(row.Body, Context(tenantId, row.Claim));

    private static string Context(Guid tenantId, Guid claim) => $"{tenantId}|stored_answer|{claim}";
}
