namespace KestrelVoice.Cli.Machine;

/// <summary>One line for each thing that may be missing, fitting the system.</summary>
internal static class HowToGet
{
    public static string Postgres =>
        OperatingSystem.IsMacOS() ? "brew install postgresql@17"
        : OperatingSystem.IsWindows() ? "winget install PostgreSQL.PostgreSQL.17"
        : File.Exists("/usr/bin/apt-get") ? "sudo apt-get install postgresql"
        : File.Exists("/usr/bin/dnf") ? "sudo dnf install postgresql-server"
        : File.Exists("/sbin/apk") ? "apk add postgresql"
        : "install PostgreSQL 15 or newer with the system's package manager";

    public static string Node =>
        OperatingSystem.IsMacOS() ? "brew install node"
        : OperatingSystem.IsWindows() ? "winget install OpenJS.NodeJS.LTS"
        : File.Exists("/usr/bin/apt-get") ? "sudo apt-get install nodejs npm, or https://nodejs.org/en/download when that is older than 20"
        : "https://nodejs.org/en/download";

    public static string Radicale =>
        File.Exists("/usr/bin/apt-get") ? "sudo apt-get install radicale" : "pipx install radicale";

    public static string TimeZones =>
        File.Exists("/usr/bin/apt-get") ? "sudo apt-get install tzdata" : "install the package tzdata";

    public static string Dapr => "optional: https://docs.dapr.io/getting-started/install-dapr-cli, then dapr init";
}
