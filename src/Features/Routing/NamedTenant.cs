using Dapper;
using KestrelVoice.Features.Kernel;
using Npgsql;

namespace KestrelVoice.Features.Routing;

/// <summary>A tenant as an operator names it: by its id, or by one of its numbers.</summary>
internal static class NamedTenant
{
    public const string Rule = "A tenant is named by its id (ten_ and 26 characters, or a UUID) or by one of its numbers.";

    private const string Find = "select tenant_of_number(@Number)";

    public static bool Is(string? text) => TypeId.TryParse(TypeId.Tenant, text, out _) || (text is not null && text.StartsWith('+'));

    /// <returns>Null when nobody has that number; that there is a tenant of that id is not looked up.</returns>
    public static async Task<Guid?> IdOfAsync(NpgsqlDataSource source, string tenant, CancellationToken cancellationToken)
    {
        if (TypeId.TryParse(TypeId.Tenant, tenant, out var id))
            return id;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<Guid?>(new CommandDefinition(
            Find, new { Number = tenant }, cancellationToken: cancellationToken));
    }
}
