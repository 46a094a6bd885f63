using Npgsql;

namespace KestrelVoice.Features.Calls;

/// <summary>Changes whenever anything does that is read of a tenant's calls: lists, details and analytics are the same until then.</summary>
internal static class CallVersion
{
    /// <param name="tenant">The statement's parameter that names the tenant.</param>
    public static string Of(string tenant) => $"(select coalesce(sum(changes), 0)::text from call_versions where tenant_id = {tenant})";

    public static NpgsqlBatchCommand Command(Guid tenantId, DateTimeOffset now) =>
        new(Alone) { Parameters = { new NpgsqlParameter<Guid> { TypedValue = tenantId } } };

    private static readonly string Alone = "select " + Of("$1");
}
