using Dapper;
using Npgsql;

namespace KestrelVoice.Features.Kernel;

/// <summary>The database as one tenant sees it. The row-level-security setting travels in the round trip of the query.</summary>
/// <remarks>Every statement may use <c>@TenantId</c>, and should: the filter and the policy are two independent walls.</remarks>
public sealed class TenantDatabase(NpgsqlDataSource source)
{
    internal const string Enter = "select set_config('app.tenant_id', @TenantId::text, true);\n";

    /// <summary>Runs one or more statements in one round trip and one implicit transaction.</summary>
    public async Task<T> ReadAsync<T>(
        Guid tenantId, string sql, object? parameters, Func<SqlMapper.GridReader, Task<T>> read, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var results = await connection.QueryMultipleAsync(Command(tenantId, Enter + sql, parameters, null, cancellationToken));
        await results.ReadSingleAsync<string>();
        return await read(results);
    }

    /// <summary>Begins a transaction of several steps, commonly one that writes.</summary>
    public async Task<TenantTransaction> BeginAsync(Guid tenantId, CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            // Npgsql sends BEGIN together with the next command, so this is one round trip.
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.ExecuteAsync(Command(tenantId, Enter, null, transaction, cancellationToken));
            return new TenantTransaction(tenantId, connection, transaction);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    internal static CommandDefinition Command(
        Guid tenantId, string sql, object? parameters, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        var arguments = new DynamicParameters(parameters);
        arguments.Add("TenantId", tenantId);
        return new CommandDefinition(sql, arguments, transaction, cancellationToken: cancellationToken);
    }
}

/// <summary>A transaction inside one tenant; rolled back unless committed.</summary>
public sealed class TenantTransaction(Guid tenantId, NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
{
    public Task<int> ExecuteAsync(string sql, object? parameters, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(TenantDatabase.Command(tenantId, sql, parameters, transaction, cancellationToken));

    public Task<T?> QuerySingleOrDefaultAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<T>(TenantDatabase.Command(tenantId, sql, parameters, transaction, cancellationToken));

    public Task CommitAsync(CancellationToken cancellationToken) => transaction.CommitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
