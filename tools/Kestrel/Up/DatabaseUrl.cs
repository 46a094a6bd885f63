using System.Globalization;
using Npgsql;

namespace KestrelVoice.Cli.Up;

/// <summary>Turns <c>postgres://user:password@host:port/database?sslmode=require</c> into what Npgsql reads.</summary>
internal static class DatabaseUrl
{
    internal const string Variable = "KESTREL_DATABASE_URL";

    private static readonly Dictionary<string, string> Keywords = new(StringComparer.Ordinal)
    {
        ["sslmode"] = "SSL Mode",
        ["sslrootcert"] = "Root Certificate",
        ["sslcert"] = "SSL Certificate",
        ["sslkey"] = "SSL Key",
        ["channel_binding"] = "Channel Binding",
        ["connect_timeout"] = "Timeout",
        ["application_name"] = "Application Name",
        ["options"] = "Options",
        ["target_session_attrs"] = "Target Session Attributes",
    };

    /// <exception cref="KestrelException">It is not such a URL. The message never quotes it: it holds a password.</exception>
    public static string ToConnectionString(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("postgres" or "postgresql"))
            throw Wrong("it does not begin with postgres://");
        if (parsed.Host.Length == 0)
            throw Wrong("it names no host");

        var database = Uri.UnescapeDataString(parsed.AbsolutePath.TrimStart('/'));
        if (database.Length == 0 || database.Contains('/', StringComparison.Ordinal))
            throw Wrong("it names no database");
        var user = parsed.UserInfo.Split(':', 2);
        if (user[0].Length == 0)
            throw Wrong("it names no user");

        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = parsed.DnsSafeHost,
            Port = parsed.Port < 0 ? 5432 : parsed.Port,
            Database = database,
            Username = Uri.UnescapeDataString(user[0]),
        };
        if (user.Length == 2)
            connection.Password = Uri.UnescapeDataString(user[1]);
        foreach (var (name, value) in Parameters(parsed.Query))
            Apply(connection, name, value);
        return connection.ConnectionString;
    }

    private static IEnumerable<(string Name, string Value)> Parameters(string query) =>
        query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2))
            .Select(pair => (Uri.UnescapeDataString(pair[0]), pair.Length == 2 ? Uri.UnescapeDataString(pair[1]) : ""));

    private static void Apply(NpgsqlConnectionStringBuilder connection, string name, string value)
    {
        if (!Keywords.TryGetValue(name, out var keyword))
            throw Wrong($"the parameter '{name}' is unknown; known are {string.Join(", ", Keywords.Keys.Order(StringComparer.Ordinal))}");
        try
        {
            // verify-ca and verify-full are one word in Npgsql, as are the session attributes.
            connection[keyword] = name is "sslmode" or "channel_binding" ? value.Replace("-", "", StringComparison.Ordinal) : value;
        }
        catch (Exception problem) when (problem is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            throw Wrong(string.Create(CultureInfo.InvariantCulture, $"the value of the parameter '{name}' is not allowed"));
        }
    }

    private static KestrelException Wrong(string why) =>
        new($"{Variable} is not usable: {why}. It looks like postgres://user:password@host:5432/database?sslmode=require");
}
