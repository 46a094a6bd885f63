using System.Globalization;
using System.Security.Cryptography;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;
using Npgsql;

namespace KestrelVoice.Cli.Postgres;

/// <summary>
/// A private PostgreSQL server on 127.0.0.1 with a password only this folder knows. Its data stays between runs; it never runs as root;
/// it keeps running when the object's owner is killed, and the next start with <see cref="PostgresClusterOptions.TakeOver"/> deals with that.
/// </summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    private const string Superuser = "postgres";
    private const int StartAttempts = 8;
    private const long LogLimit = 8 * 1024 * 1024;

    private static readonly Dictionary<string, string?> PlainMessages = new() { ["LC_ALL"] = "C", ["PGDATA"] = null, ["PGPORT"] = null };

    private readonly PostgresClusterOptions options;
    private readonly PostgresBinaries binaries;
    private readonly ServerAccount account;
    private readonly ClusterFolder folder;
    private readonly string password;

    private PostgresCluster(
        PostgresClusterOptions options, PostgresBinaries binaries, ServerAccount account, ClusterFolder folder, string password)
    {
        this.options = options;
        this.binaries = binaries;
        this.account = account;
        this.folder = folder;
        this.password = password;
    }

    /// <summary>The port it listens on.</summary>
    public int Port { get; private set; }

    /// <summary>Process id of the server.</summary>
    public int ProcessId { get; private set; }

    /// <summary>Major version of the server.</summary>
    public int MajorVersion => binaries.Major;

    /// <summary>What the server logs. Values and rows do not appear in it.</summary>
    public string LogFile => folder.Log;

    /// <summary>Connects the superuser to the database <c>postgres</c>.</summary>
    public string AdminConnectionString => ConnectionStringFor("postgres");

    /// <summary>Connects the superuser to a database.</summary>
    /// <param name="database">Its name.</param>
    public string ConnectionStringFor(string database) => ConnectionString(Port, database, password);

    /// <summary>Connects the superuser to a database of a server that somebody else started on the folder.</summary>
    /// <param name="directory">As in <see cref="PostgresClusterOptions"/>.</param>
    /// <param name="port">Where it listens.</param>
    /// <param name="database">Its name.</param>
    /// <exception cref="KestrelException">There is no cluster in the folder.</exception>
    public static string ConnectionStringOf(string directory, int port, string database)
    {
        var folder = new ClusterFolder(directory);
        return File.Exists(folder.PasswordFile)
            ? ConnectionString(port, database, File.ReadAllText(folder.PasswordFile).Trim())
            : throw new KestrelException($"{folder.PasswordFile} is missing, so nobody can sign in to the database there.");
    }

    private static string ConnectionString(int port, string database, string password) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Database = database,
        Username = Superuser,
        Password = password,
    }.ConnectionString;

    /// <summary>Creates the cluster when the folder is new, and starts it; returns when it takes connections.</summary>
    /// <param name="options">Where and how.</param>
    /// <param name="cancellationToken">Gives up; a server that was just started is stopped again.</param>
    /// <exception cref="KestrelException">PostgreSQL is not installed, cannot start, or already runs on this folder.</exception>
    public static async Task<PostgresCluster> StartAsync(PostgresClusterOptions options, CancellationToken cancellationToken)
    {
        var account = await ServerAccount.ForCallerAsync(cancellationToken);
        var folder = await ClusterFolder.PrepareAsync(options.Directory, account, cancellationToken);
        var binaries = await PostgresBinaries.FindAsync(folder.Major, cancellationToken) ?? throw new KestrelException(
            folder.Major is { } major
                ? $"The data in {options.Directory} needs PostgreSQL {major}, which is not installed. Install it, or drop the data: ./kestrel reset"
                : $"PostgreSQL {PostgresBinaries.OldestMajor} or newer is not installed. ./kestrel doctor says how to get it.");

        var password = await PasswordAsync(folder, account, cancellationToken);
        var cluster = new PostgresCluster(options, binaries, account, folder, password);
        await cluster.RefuseOrReplaceRunningServerAsync(cancellationToken);
        if (!folder.IsInitialised)
            await cluster.InitialiseAsync(cancellationToken);
        await cluster.LaunchAsync(cancellationToken);
        return cluster;
    }

    /// <summary>Stops a server that a killed owner left on a folder. Does nothing when none runs.</summary>
    /// <param name="directory">As given in <see cref="PostgresClusterOptions.Directory"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>True when one was running.</returns>
    public static async Task<bool> StopLeftoverAsync(string directory, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(directory))
            return false;
        var account = await ServerAccount.ForCallerAsync(cancellationToken);
        var folder = await ClusterFolder.PrepareAsync(directory, account, cancellationToken);
        if (PostmasterFile.RunningServer(folder) is null)
            return false;
        var binaries = await PostgresBinaries.FindAsync(folder.Major, cancellationToken)
            ?? throw new KestrelException($"A PostgreSQL server runs in {directory}, but the programs to stop it are gone.");
        await new PostgresCluster(new(directory), binaries, account, folder, "").StopAsync(cancellationToken);
        return true;
    }

    /// <summary>Stops the server: open connections are ended and everything is written. Forced when that takes too long.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var (mode, seconds) in new[] { ("fast", 20), ("immediate", 10) })
        {
            if (PostmasterFile.RunningServer(folder) is null)
                return;
            await PgCtlAsync(["stop", "-m", mode, "-w", "-t", seconds.ToString(CultureInfo.InvariantCulture)], TimeSpan.FromSeconds(seconds + 10),
                cancellationToken);
        }

        if (PostmasterFile.RunningServer(folder) is { } pid)
            throw new KestrelException($"PostgreSQL (process {pid}) does not stop; see {LogFile}");
    }

    /// <summary>Stops the server, and removes its files when that was asked for.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        if (options.DeleteOnDispose)
            ClusterFolder.Delete(options.Directory);
    }

    private static async Task<string> PasswordAsync(ClusterFolder folder, ServerAccount account, CancellationToken cancellationToken)
    {
        if (File.Exists(folder.PasswordFile) && folder.IsInitialised)
            return (await File.ReadAllTextAsync(folder.PasswordFile, cancellationToken)).Trim();
        if (folder.IsInitialised)
            throw new KestrelException($"{folder.PasswordFile} is missing, so nobody can sign in to the database there. Drop the data: ./kestrel reset");

        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        File.Delete(folder.PasswordFile);
        await using (var file = new FileStream(folder.PasswordFile, PrivateFile.Creation(FileMode.CreateNew)))
            await file.WriteAsync(System.Text.Encoding.ASCII.GetBytes(password), cancellationToken);
        await account.OwnAsync(folder.PasswordFile, cancellationToken);
        return password;
    }

    private async Task RefuseOrReplaceRunningServerAsync(CancellationToken cancellationToken)
    {
        if (PostmasterFile.RunningServer(folder) is { } pid)
        {
            if (!options.TakeOver)
                throw new KestrelException($"A PostgreSQL server (process {pid}) already runs in {options.Directory}.");
            await StopAsync(cancellationToken);
        }

        PostmasterFile.DropStale(folder);
    }

    private async Task InitialiseAsync(CancellationToken cancellationToken)
    {
        // Renamed when complete, so that an interrupted first run leaves nothing that looks like a cluster.
        if (Directory.Exists(folder.Unfinished))
            Directory.Delete(folder.Unfinished, recursive: true);
        string[] arguments =
        [
            "-D", folder.Unfinished, "-U", Superuser, "--auth=scram-sha-256", $"--pwfile={folder.PasswordFile}",
            "--encoding=UTF8", "--locale=C", .. options.Durable ? Array.Empty<string>() : ["--no-sync"],
        ];
        var made = await account.RunAsync(Request(binaries.InitDb, arguments, TimeSpan.FromMinutes(3)), cancellationToken);
        if (!made.Succeeded)
            throw new KestrelException($"A PostgreSQL cluster could not be created in {folder.Path}:\n{made.Output}");
        await File.AppendAllTextAsync(
            Path.Combine(folder.Unfinished, "postgresql.conf"), "\ninclude_if_exists = 'kestrel.conf'\n", cancellationToken);
        Directory.Move(folder.Unfinished, folder.Data);
    }

    private async Task LaunchAsync(CancellationToken cancellationToken)
    {
        RotateLog();
        for (var attempt = 1; ; attempt++)
        {
            Port = options.Port == 0 ? FreePort.Next() : options.Port;
            await File.WriteAllTextAsync(folder.SettingsFile, Settings(), cancellationToken);
            await account.OwnAsync(folder.SettingsFile, cancellationToken);
            var logged = File.Exists(folder.Log) ? new FileInfo(folder.Log).Length : 0;
            var seconds = ((int)options.StartTimeout.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            var started = await StartServerAsync(seconds, cancellationToken);
            if (started.Succeeded && PostmasterFile.RunningServer(folder) is { } pid)
            {
                ProcessId = pid;
                return;
            }

            var said = LogSince(logged);
            if (attempt == StartAttempts || !MayPass(said))
                throw new KestrelException($"PostgreSQL did not start on port {Port}:\n{started.Output}\n{said}");
            await Task.Delay(Backoff(attempt), cancellationToken);
        }
    }

    private async Task<Subprocess.Result> StartServerAsync(string seconds, CancellationToken cancellationToken)
    {
        try
        {
            return await PgCtlAsync(["start", "-w", "-t", seconds, "-l", folder.Log], options.StartTimeout + TimeSpan.FromSeconds(10), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await StopAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>The children of a killed server live a moment longer than it, and a free port may be taken just before we use it.</summary>
    private bool MayPass(string said) =>
        said.Contains("pre-existing shared memory block", StringComparison.Ordinal)
        || said.Contains("lock file \"postmaster.pid\" already exists", StringComparison.Ordinal)
        || (options.Port == 0 && said.Contains("Address already in use", StringComparison.Ordinal));

    private static TimeSpan Backoff(int attempt) =>
        TimeSpan.FromMilliseconds((100 << Math.Min(attempt, 5)) + RandomNumberGenerator.GetInt32(100));

    private string Settings()
    {
        string[] settings =
        [
            $"port = {Port.ToString(CultureInfo.InvariantCulture)}",
            "listen_addresses = '127.0.0.1'",
            "unix_socket_directories = ''",
            "password_encryption = 'scram-sha-256'",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            // Details of errors quote the row, and rows hold phone numbers.
            "log_error_verbosity = 'terse'",
            "log_min_error_statement = 'panic'",
            .. options.Durable ? Array.Empty<string>() : ["fsync = off", "synchronous_commit = off", "full_page_writes = off", "shared_buffers = '32MB'"],
        ];
        return string.Join('\n', settings) + "\n";
    }

    private void RotateLog()
    {
        if (File.Exists(folder.Log) && new FileInfo(folder.Log).Length > LogLimit)
            File.Move(folder.Log, $"{folder.Log}.1", overwrite: true);
    }

    private string LogSince(long offset)
    {
        if (!File.Exists(folder.Log))
            return "";
        using var log = new FileStream(folder.Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        log.Seek(Math.Min(offset, log.Length), SeekOrigin.Begin);
        using var reader = new StreamReader(log);
        return reader.ReadToEnd().TrimEnd();
    }

    private Task<Subprocess.Result> PgCtlAsync(string[] arguments, TimeSpan timeout, CancellationToken cancellationToken) =>
        account.RunAsync(Request(binaries.PgCtl, [arguments[0], "-D", folder.Data, .. arguments[1..]], timeout), cancellationToken);

    private Subprocess.Request Request(string program, string[] arguments, TimeSpan timeout) =>
        new(program, arguments) { WorkingDirectory = folder.Path, Environment = PlainMessages, Timeout = timeout };
}
