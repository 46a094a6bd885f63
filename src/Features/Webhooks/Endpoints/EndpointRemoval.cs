using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Webhooks.Endpoints;

/// <summary>Deletes an endpoint or hook with all that was sent to it: a part at a time, since that can be years' worth.</summary>
internal sealed class EndpointRemoval(TenantDatabase database)
{
    private const int AtOnce = 5_000;

    private const string DeleteMessages =
        """
        delete from webhook_messages
        where tenant_id = @TenantId and id = any (array(
            select m.id
            from webhook_messages m
            join webhook_endpoints e on e.tenant_id = m.tenant_id and e.id = m.endpoint_id and e.kind = @Kind
            where m.tenant_id = @TenantId and m.endpoint_id = @Id
            limit @AtOnce))
        """;

    private const string DeleteEndpoint = "delete from webhook_endpoints where tenant_id = @TenantId and id = @Id and kind = @Kind";

    /// <param name="kind">endpoint or hook; one of the other kind is not touched.</param>
    /// <returns>False when there is none.</returns>
    public async Task<bool> RemoveAsync(Guid tenantId, Guid id, string kind, CancellationToken cancellationToken)
    {
        var target = new { Id = id, Kind = kind, AtOnce };
        while (await ExecuteAsync(tenantId, DeleteMessages, target, cancellationToken) == AtOnce)
        {
        }
        return await ExecuteAsync(tenantId, DeleteEndpoint, target, cancellationToken) > 0;
    }

    private async Task<int> ExecuteAsync(Guid tenantId, string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var transaction = await database.BeginAsync(tenantId, cancellationToken);
        var deleted = await transaction.ExecuteAsync(sql, parameters, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return deleted;
    }
}
