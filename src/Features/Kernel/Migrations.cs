using System.Reflection;
using System.Text.RegularExpressions;
using DbUp;
using DbUp.Engine;
using DbUp.Engine.Output;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Kernel;

/// <summary>Brings a database to this version's schema: every feature's scripts, in the order of their numbers.</summary>
public static partial class Migrations
{
    private const int Lock = 0x6B76;
    private const int MostAttempts = 5;

    private static readonly string[] LostRaces =
        [PostgresErrorCodes.InternalError, PostgresErrorCodes.UniqueViolation, PostgresErrorCodes.DuplicateObject, PostgresErrorCodes.DeadlockDetected];

    /// <summary>Scripts of all features; their names are unique, and so are the numbers they begin with.</summary>
    internal static IReadOnlyList<SqlScript> Scripts { get; } =
    [
        .. from resource in Assembly.GetExecutingAssembly().GetManifestResourceNames()
           let name = ScriptName().Match(resource)
           where name.Success
           orderby name.Value
           select new SqlScript(name.Value, Read(resource)),
    ];

    /// <summary>Migrates, and lets the login of <paramref name="appConnectionString"/> in. Safe to run again, and from two places at once.</summary>
    public static async Task RunAsync(
        string ownerConnectionString, string appConnectionString, ILogger logger, CancellationToken cancellationToken)
    {
        await using var owner = NpgsqlDataSource.Create(ownerConnectionString);
        await using var locked = await owner.OpenConnectionAsync(cancellationToken);
        await ExecuteAsync(locked, $"select pg_advisory_lock({Lock})", cancellationToken);

        // Roles are the cluster's: another database that migrates now can win a race that no lock of this one covers.
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Upgrade(ownerConnectionString, logger);
                // On a connection of its own: losing a race over a role ends it.
                await using var connection = await owner.OpenConnectionAsync(cancellationToken);
                await AdmitAsync(connection, new NpgsqlConnectionStringBuilder(appConnectionString), cancellationToken);
                return;
            }
            catch (PostgresException race) when (attempt < MostAttempts && LostRaces.Contains(race.SqlState))
            {
                LogLostRace(logger, race.SqlState);
                await Task.Delay(TimeSpan.FromMilliseconds(50 * Math.Pow(2, attempt)), cancellationToken);
            }
        }
    }

    private static void Upgrade(string ownerConnectionString, ILogger logger)
    {
        var result = DeployChanges.To.PostgresqlDatabase(ownerConnectionString)
            .WithScripts(Scripts)
            .WithTransactionPerScript()
            .WithVariablesDisabled()
            .LogTo(new Log(logger))
            .Build()
            .PerformUpgrade();
        if (!result.Successful)
            throw result.Error is PostgresException postgres
                ? postgres
                : new InvalidOperationException($"Script {result.ErrorScript?.Name} failed.", result.Error);
    }

    // The password travels as a verifier: statements can end up in the server's log.
    private static async Task AdmitAsync(NpgsqlConnection connection, NpgsqlConnectionStringBuilder login, CancellationToken cancellationToken)
    {
        if (login.Username is not { Length: > 0 } name)
            throw new InvalidOperationException("ConnectionStrings:Kestrel names no user.");
        await using var exists = connection.CreateCommand();
        exists.CommandText = "select exists (select from pg_roles where rolname = $1)";
        exists.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        var verb = (bool)(await exists.ExecuteScalarAsync(cancellationToken))! ? "alter" : "create";
        var role = '"' + name.Replace("\"", "\"\"", StringComparison.Ordinal) + '"';
        var password = login.Password is { Length: > 0 } given ? $" password '{ScramVerifier.Of(given)}'" : "";
        await ExecuteAsync(connection, $"{verb} role {role} login{password}", cancellationToken);
        await ExecuteAsync(connection, $"grant kestrel_app to {role}", cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Read(string resource)
    {
        using var reader = new StreamReader(Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@"(?<=\.Schema\.)\d{4}_[a-z0-9_]+\.sql\z", RegexOptions.CultureInvariant)]
    private static partial Regex ScriptName();

    [LoggerMessage(Level = LogLevel.Information, Message = "{Text}")]
    private static partial void LogProgress(ILogger logger, string text);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Text}")]
    private static partial void LogFailure(ILogger logger, string text);

    [LoggerMessage(Level = LogLevel.Information, Message = "Another database of this cluster is migrating ({SqlState}); trying again")]
    private static partial void LogLostRace(ILogger logger, string sqlState);

    private sealed class Log(ILogger logger) : IUpgradeLog
    {
        public void LogTrace(string format, params object[] args) { }

        public void LogDebug(string format, params object[] args) { }

        public void LogInformation(string format, params object[] args)
        {
            var text = Text(format, args);
            LogProgress(logger, text);
        }

        public void LogWarning(string format, params object[] args) => LogInformation(format, args);

        public void LogError(string format, params object[] args)
        {
            var text = Text(format, args);
            LogFailure(logger, text);
        }

        public void LogError(Exception ex, string format, params object[] args) => LogError(format, args);

        private static string Text(string format, object[] args) =>
            args.Length == 0 ? format : string.Format(System.Globalization.CultureInfo.InvariantCulture, format, args);
    }
}
