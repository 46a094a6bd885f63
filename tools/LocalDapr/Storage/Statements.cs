using Microsoft.Data.Sqlite;

namespace KestrelVoice.LocalDapr.Storage;

/// <summary>SQL on one connection, each text prepared once. Parameters are <c>$1</c>, <c>$2</c> and so on.</summary>
internal sealed class Statements(SqliteConnection connection) : IDisposable
{
    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    public int Execute(string sql, params ReadOnlySpan<object?> parameters) => Command(sql, parameters).ExecuteNonQuery();

    public T? Scalar<T>(string sql, params ReadOnlySpan<object?> parameters) =>
        Command(sql, parameters).ExecuteScalar() is { } value and not DBNull ? (T)value : default;

    public T? Single<T>(string sql, Func<SqliteDataReader, T> map, params ReadOnlySpan<object?> parameters)
    {
        using var reader = Command(sql, parameters).ExecuteReader();
        return reader.Read() ? map(reader) : default;
    }

    public List<T> List<T>(string sql, Func<SqliteDataReader, T> map, params ReadOnlySpan<object?> parameters)
    {
        using var reader = Command(sql, parameters).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
            rows.Add(map(reader));
        return rows;
    }

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
            command.Dispose();
    }

    private SqliteCommand Command(string sql, ReadOnlySpan<object?> parameters)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text is a constant of this assembly; values travel as parameters.
            command.CommandText = sql;
#pragma warning restore CA2100
            for (var i = 1; i <= parameters.Length; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
            _prepared.Add(sql, command);
        }
        for (var i = 0; i < parameters.Length; i++)
            command.Parameters[i].Value = parameters[i] ?? DBNull.Value;
        return command;
    }
}
