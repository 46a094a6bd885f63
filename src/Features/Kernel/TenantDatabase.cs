using Dapper;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace KestrelVoice.Features.Kernel;

/// <summary>The database as one tenant sees it. The row-level-security setting travels in the round trip of the query.</summary>
/// <remarks>Every statement may use <c>@TenantId</c>, and should: the filter and the policy are two independent walls.</remarks>
public sealed class TenantDatabase(NpgsqlDataSource source)
{
    internal const string Enter = "select set_config('app.tenant_id', @TenantId::text, true);\n";

    // Measured in bench/: limits in parameters are planned anew at every execution unless plans are generic,
    // on two cores eight connections have half the p99 of sixteen, and a page fits into 32 kB at once. Nothing is set for longer than a transaction
    // (an architecture test sees to it), so the seven statements that would reset a session between two requests are spared.
    // A generic plan is thought to read a tenth of all rows, so among ten million of them PostgreSQL would compile it, at every execution, for 80 ms: no JIT.
    // What the connection string says comes later and wins.
    private const string Defaults =
        "Application Name=kestrelvoice;Maximum Pool Size=8;Read Buffer Size=32768;Max Auto Prepare=100;Auto Prepare Min Usages=2;Timeout=5;Command Timeout=10;"
        + "Keepalive=30;Enlist=false;No Reset On Close=true;Options=-c plan_cache_mode=force_generic_plan -c jit=off";

    /// <summary>The app's one source of connections.</summary>
    internal static NpgsqlDataSource Open(IConfiguration configuration)
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        var connectionString = configuration.GetConnectionString("Kestrel")
            ?? throw new InvalidOperationException("ConnectionStrings:Kestrel is not configured.");
        return new NpgsqlDataSourceBuilder(Defaults + ";" + connectionString).Build();
    }

    /// <summary>Runs one or more statements in one round trip and one implicit transaction.</summary>
    public Task<T> ReadAsync<T>(
        Guid tenantId, string sql, object? parameters, Func<SqlMapper.GridReader, Task<T>> read, CancellationToken cancellationToken) =>
        OnceMoreWhenCutOff(async () =>
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var results = await connection.QueryMultipleAsync(Command(tenantId, Enter + sql, parameters, null, cancellationToken));
            await results.ReadSingleAsync<string>();
            return await read(results);
        }, cancellationToken);

    /// <summary>As the other, without a mapper in between: for the few reads that are hot. Parameters are positional.</summary>
    public Task<T> ReadAsync<T>(
        Guid tenantId, Func<IEnumerable<NpgsqlBatchCommand>> commands, Func<NpgsqlDataReader, Task<T>> read, CancellationToken cancellationToken) =>
        OnceMoreWhenCutOff(async () =>
        {
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await using var batch = new NpgsqlBatch(connection)
            {
                BatchCommands =
                {
                    new NpgsqlBatchCommand("select set_config('app.tenant_id', $1, true)")
                    {
                        Parameters = { new NpgsqlParameter<string> { TypedValue = tenantId.ToString() } },
                    },
                },
            };
            foreach (var command in commands())
                batch.BatchCommands.Add(command);
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            return await read(reader);
        }, cancellationToken);

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

    // A pooled connection whose server restarted fails at its first use, and a read may be repeated.
    private static async Task<T> OnceMoreWhenCutOff<T>(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            return await read();
        }
        catch (NpgsqlException cutOff) when (cutOff.IsTransient && !cancellationToken.IsCancellationRequested)
        {
            return await read();
        }
    }
}

/// <summary>A transaction inside one tenant; rolled back unless committed.</summary>
public sealed class TenantTransaction(Guid tenantId, NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
{
    private Action? _onceCommitted;
    private bool _handedOver;

    public Guid TenantId => tenantId;

    public Task<int> ExecuteAsync(string sql, object? parameters, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(TenantDatabase.Command(tenantId, sql, parameters, transaction, cancellationToken));

    public Task<T?> QuerySingleOrDefaultAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<T>(TenantDatabase.Command(tenantId, sql, parameters, transaction, cancellationToken));

    public Task<IEnumerable<T>> QueryAsync<T>(string sql, object? parameters, CancellationToken cancellationToken) =>
        connection.QueryAsync<T>(TenantDatabase.Command(tenantId, sql, parameters, transaction, cancellationToken));

    /// <summary>For what is worthless, or wrong, unless the rows are there.</summary>
    public void OnceCommitted(Action act) => _onceCommitted += act;

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await transaction.CommitAsync(cancellationToken);
        _onceCommitted?.Invoke();
    }

    /// <summary>The same transaction for somebody else to end; disposing of this one ends nothing any more.</summary>
    internal TenantTransaction HandOver()
    {
        _handedOver = true;
        return new TenantTransaction(tenantId, connection, transaction) { _onceCommitted = _onceCommitted };
    }

    public async ValueTask DisposeAsync()
    {
        if (_handedOver)
            return;
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
