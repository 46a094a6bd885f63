using System.Collections.Concurrent;
using KestrelVoice.LocalDapr.Workflows;
using Microsoft.Data.Sqlite;

namespace KestrelVoice.LocalDapr.Storage;

/// <summary>
/// One SQLite file behind one writer. Writes that arrive together share one transaction and so one flush to disk,
/// and a write is answered only once that flush is done: what was accepted survives kill -9.
/// </summary>
internal sealed class Journal : IAsyncDisposable
{
    private const int LargestBatch = 512;

    private const string Schema =
        """
        create table if not exists message (
          id integer primary key autoincrement,
          pubsub text not null, topic text not null, data blob not null, metadata text not null, published_at integer not null
        );
        create index if not exists message_by_topic on message (pubsub, topic, id);
        create table if not exists consumer (
          id integer primary key autoincrement,
          pubsub text not null, topic text not null, name text not null,
          unique (pubsub, topic, name)
        );
        create table if not exists pending (
          consumer_id integer not null, message_id integer not null,
          primary key (consumer_id, message_id)
        ) without rowid;
        create index if not exists pending_by_message on pending (message_id);
        create table if not exists state (
          store text not null, key text not null, value blob not null, etag integer not null, expires_at integer,
          primary key (store, key)
        ) without rowid;
        create index if not exists state_by_expiry on state (expires_at) where expires_at is not null;
        create table if not exists etag_sequence (id integer primary key check (id = 1), value integer not null);
        insert or ignore into etag_sequence (id, value) values (1, 0);
        """
        + WorkflowStore.Schema;

    private readonly BlockingCollection<PendingWrite> _writes = new(boundedCapacity: 16 * LargestBatch);
    private readonly string _readConnection;
    private readonly SqliteConnection _writer;
    private readonly Task _writing;

    private Journal(SqliteConnection writer, string readConnection)
    {
        (_writer, _readConnection) = (writer, readConnection);
        _writing = Task.Factory.StartNew(WriteForEver, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    public static Journal Open(string file)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 10 };
        var writer = new SqliteConnection(new SqliteConnectionStringBuilder(settings.ConnectionString) { Pooling = false }.ConnectionString);
        try
        {
            writer.Open();
            using var command = writer.CreateCommand();
            command.CommandText = "pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 67108864; " + Schema;
            command.ExecuteNonQuery();
        }
        catch (SqliteException exception)
        {
            writer.Dispose();
            throw new LocalDaprRefusedException($"{file} cannot be opened as a SQLite database: {exception.Message}", exception);
        }
        settings.Mode = SqliteOpenMode.ReadOnly;
        return new Journal(writer, settings.ConnectionString);
    }

    /// <summary>Runs a write on the writer's thread, inside a transaction shared with others; completes when it is on disk.</summary>
    public Task<T> WriteAsync<T>(Func<Statements, T> write)
    {
        var pending = new PendingWrite<T>(write);
        _writes.Add(pending);
        return pending.Done;
    }

    public Task WriteAsync(Action<Statements> write) => WriteAsync(statements =>
    {
        write(statements);
        return true;
    });

    public T Read<T>(Func<Statements, T> read)
    {
        using var connection = new SqliteConnection(_readConnection);
        connection.Open();
        using var statements = new Statements(connection);
        return read(statements);
    }

    public async ValueTask DisposeAsync()
    {
        _writes.CompleteAdding();
        await _writing;
        await _writer.DisposeAsync();
        using (var connection = new SqliteConnection(_readConnection))
            SqliteConnection.ClearPool(connection);
        _writes.Dispose();
    }

    private void WriteForEver()
    {
        using var statements = new Statements(_writer);
        var batch = new List<PendingWrite>(LargestBatch);
        foreach (var first in _writes.GetConsumingEnumerable())
        {
            batch.Add(first);
            while (batch.Count < LargestBatch && _writes.TryTake(out var next))
                batch.Add(next);
            Commit(statements, batch);
            batch.Clear();
        }
    }

    // A write that fails takes nobody with it: the others are tried again, each alone.
    private static void Commit(Statements statements, List<PendingWrite> batch)
    {
        try
        {
            statements.Execute("begin immediate");
            foreach (var write in batch)
                write.Run(statements);
            statements.Execute("commit");
        }
#pragma warning disable CA1031 // Whatever went wrong belongs to whoever waits for the write.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            RollBack(statements);
            if (batch is [var alone])
            {
                alone.Fail(exception);
                return;
            }
            foreach (var write in batch)
                Commit(statements, [write]);
            return;
        }
        foreach (var write in batch)
            write.Complete();
    }

    // A full disk ends the transaction by itself, and then there is nothing left to roll back.
    private static void RollBack(Statements statements)
    {
        try
        {
            statements.Execute("rollback");
        }
        catch (SqliteException)
        {
        }
    }

    private abstract class PendingWrite
    {
        public abstract void Run(Statements statements);

        public abstract void Complete();

        public abstract void Fail(Exception exception);
    }

    private sealed class PendingWrite<T>(Func<Statements, T> write) : PendingWrite
    {
        private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;

        public Task<T> Done => _done.Task;

        public override void Run(Statements statements) => _result = write(statements);

        public override void Complete() => _done.SetResult(_result!);

        public override void Fail(Exception exception) => _done.SetException(exception);
    }
}
