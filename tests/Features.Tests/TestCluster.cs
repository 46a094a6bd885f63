extern alias cli;

using cli::KestrelVoice.Cli.Postgres;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Tests;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

[assembly: AssemblyFixture(typeof(TestCluster))]

namespace KestrelVoice.Features.Tests;

/// <summary>One private PostgreSQL server for all tests, and a migrated database from which each test class gets a copy.</summary>
public sealed class TestCluster : IAsyncLifetime
{
    private const string Template = "kestrelvoice_template";
    private const string Login = "kestrelvoice_test";
    private const string Password = "only for tests, and odd: '\";$";

    private readonly string directory = Directory.CreateTempSubdirectory("kestrelvoice-features-").FullName;
    private PostgresCluster? cluster;
    private int databases;

    private PostgresCluster Cluster => cluster ?? throw new InvalidOperationException("The cluster has not been started.");

    public async ValueTask InitializeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        cluster = await PostgresCluster.StartAsync(
            new PostgresClusterOptions(Path.Combine(directory, "postgres")) { Durable = false, DeleteOnDispose = true }, patience.Token);
        await ExecuteAsync($"create database {Template}", patience.Token);
        await MigrateAsync(Template, patience.Token);
    }

    /// <summary>A database of one's own, with the schema in place.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await ExecuteAsync($"create database {name} template {Template}", cancellationToken);
        return Database(name);
    }

    /// <summary>A database without any schema.</summary>
    public async Task<TestDatabase> CreateEmptyDatabaseAsync(CancellationToken cancellationToken)
    {
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await ExecuteAsync($"create database {name}", cancellationToken);
        return Database(name);
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        if (cluster is not null)
            await cluster.DisposeAsync();
        Directory.Delete(directory, recursive: true);
    }

    private TestDatabase Database(string name) => new(
        name,
        Cluster.ConnectionStringFor(name),
        new NpgsqlConnectionStringBuilder(Cluster.ConnectionStringFor(name)) { Username = Login, Password = Password }.ConnectionString);

    private Task MigrateAsync(string name, CancellationToken cancellationToken)
    {
        var database = Database(name);
        // A template must have no connections, and pooled ones linger.
        return Migrations.RunAsync(database.Owner + ";Pooling=false", database.App, NullLogger.Instance, cancellationToken);
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(Cluster.AdminConnectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>How to reach a test's database: as its owner, and as the app does.</summary>
public sealed record TestDatabase(string Name, string Owner, string App);
