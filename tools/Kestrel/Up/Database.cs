using System.Globalization;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Machine;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Postgres;
using Npgsql;

namespace KestrelVoice.Cli.Up;

/// <summary>The database of a run: a private cluster, or the one that <c>KESTREL_DATABASE_URL</c> names.</summary>
internal sealed class Database : IAsyncDisposable
{
    private const string Name = "kestrelvoice";

    private readonly PostgresClusterOptions? options;

    private Database(string administrator, PostgresCluster? cluster, PostgresClusterOptions? options)
    {
        Administrator = administrator;
        Cluster = cluster;
        this.options = options;
    }

    /// <summary>Connects who may migrate.</summary>
    public string Administrator { get; }

    /// <summary>Null when the server is not ours.</summary>
    public PostgresCluster? Cluster { get; private set; }

    /// <summary>Tells this database from another one, whatever its port and password are today.</summary>
    public string Identity
    {
        get
        {
            var address = new NpgsqlConnectionStringBuilder(Administrator);
            return options is not null ? "private" : string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}/{address.Database}");
        }
    }

    public static string? ExternalUrl => Environment.GetEnvironmentVariable(DatabaseUrl.Variable) is { Length: > 0 } url ? url : null;

    /// <summary>Connects the app's own role, which owns no table and bypasses nothing.</summary>
    public string ForApp(Secrets secrets) => new NpgsqlConnectionStringBuilder(Administrator)
    {
        Username = secrets.DatabaseRole,
        Password = secrets.DatabasePassword,
    }.ConnectionString;

    public static async Task<Database> StartAsync(KestrelHome home, PortPlan ports, Steps steps, CancellationToken cancellationToken)
    {
        if (ExternalUrl is { } url)
            return await steps.RunAsync("Database", step => ConnectAsync(url, step, cancellationToken), cancellationToken);

        if (await PostgresBinaries.FindAsync(major: null, cancellationToken) is null)
            await InstallAsync(steps, cancellationToken);
        return await steps.RunAsync(
            "PostgreSQL",
            async step =>
            {
                step.Now = Directory.Exists(home.Postgres) ? "starting" : "creating a private cluster";
                var options = new PostgresClusterOptions(home.Postgres, ports.Postgres) { TakeOver = true };
                var cluster = await PostgresCluster.StartAsync(options, cancellationToken);
                var database = new Database(cluster.ConnectionStringFor(Name), cluster, options);
                try
                {
                    await CreateDatabaseAsync(cluster, cancellationToken);
                }
                catch
                {
                    await database.DisposeAsync();
                    throw;
                }

                step.Outcome = $"version {cluster.MajorVersion} on port {cluster.Port}, data in {KestrelHome.Shown(home.Postgres)}";
                return database;
            },
            cancellationToken);
    }

    /// <summary>The database of the copy that is up, for a command beside it, which leaves it running.</summary>
    public static Database OfRun(KestrelHome home, PortPlan ports) => new(
        ExternalUrl is { } url ? DatabaseUrl.ToConnectionString(url) : PostgresCluster.ConnectionStringOf(home.Postgres, ports.Postgres, Name),
        cluster: null, options: null);

    /// <summary>Brings our server back after it died; the port and the data stay the same.</summary>
    public async Task ReviveAsync(CancellationToken cancellationToken) =>
        Cluster = await PostgresCluster.StartAsync(options!, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (Cluster is not null)
            await Cluster.DisposeAsync();
    }

    private static async Task<Database> ConnectAsync(string url, Steps.Step step, CancellationToken cancellationToken)
    {
        var administrator = DatabaseUrl.ToConnectionString(url);
        var address = new NpgsqlConnectionStringBuilder(administrator);
        try
        {
            await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(administrator) { Pooling = false });
            await using var command = source.CreateCommand("select current_setting('server_version_num')::int / 10000");
            var major = (int)(await command.ExecuteScalarAsync(cancellationToken))!;
            if (major < PostgresBinaries.OldestMajor)
                throw new KestrelException($"The server at {address.Host} is PostgreSQL {major}; {PostgresBinaries.OldestMajor} or newer is needed.");
            step.Outcome = $"PostgreSQL {major} at {address.Host}:{address.Port}, database {address.Database} ({DatabaseUrl.Variable})";
            return new Database(administrator, cluster: null, options: null);
        }
        catch (NpgsqlException problem)
        {
            throw new KestrelException(
                $"The database that {DatabaseUrl.Variable} names ({address.Host}:{address.Port}/{address.Database}) does not answer: {problem.Message}", problem);
        }
    }

    private static async Task InstallAsync(Steps steps, CancellationToken cancellationToken)
    {
        if (!DebianPackages.CanInstall)
        {
            throw new KestrelException(
                $"PostgreSQL {PostgresBinaries.OldestMajor} or newer is not installed. Get it: {HowToGet.Postgres}\n"
                + $"Or name an existing database: {DatabaseUrl.Variable}=postgres://user:password@host:5432/database");
        }

        await steps.RunAsync("Installing PostgreSQL", step => DebianPackages.InstallPostgresAsync(line => step.Now = line, cancellationToken), cancellationToken);
    }

    private static async Task CreateDatabaseAsync(PostgresCluster cluster, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(cluster.AdminConnectionString) { Pooling = false });
        try
        {
            await using var create = source.CreateCommand($"create database {Name}");
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException existing) when (existing.SqlState == PostgresErrorCodes.DuplicateDatabase)
        {
            return;
        }
    }
}
