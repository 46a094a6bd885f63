using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Postgres;

/// <summary>Under which system account the server runs: the caller's own, or <c>postgres</c> when the caller is root, as the server refuses root.</summary>
internal sealed class ServerAccount
{
    private const string Name = "postgres";

    private readonly string[] prefix;

    private ServerAccount(string[] prefix) => this.prefix = prefix;

    public bool IsCaller => prefix.Length == 0;

    public static async Task<ServerAccount> ForCallerAsync(CancellationToken cancellationToken)
    {
        // On Windows pg_ctl gives up administrator rights by itself.
        if (OperatingSystem.IsWindows() || !Environment.IsPrivilegedProcess)
            return new ServerAccount([]);

        var known = await Subprocess.RunAsync(new("id", ["-u", Name]), cancellationToken);
        if (!known.Succeeded)
        {
            throw new KestrelException(
                $"PostgreSQL refuses to run as root and there is no system user '{Name}'. Run as an ordinary user, or create it: useradd --system {Name}");
        }

        foreach (var folder in new[] { "/usr/bin", "/bin", "/usr/sbin", "/sbin" })
        {
            if (File.Exists(Path.Combine(folder, "setpriv")))
                return new ServerAccount([Path.Combine(folder, "setpriv"), $"--reuid={Name}", $"--regid={Name}", "--init-groups", "--"]);
            if (File.Exists(Path.Combine(folder, "runuser")))
                return new ServerAccount([Path.Combine(folder, "runuser"), "-u", Name, "--"]);
            if (File.Exists(Path.Combine(folder, "sudo")))
                return new ServerAccount([Path.Combine(folder, "sudo"), "-n", "-u", Name, "--"]);
        }

        throw new KestrelException("PostgreSQL refuses to run as root, and neither setpriv, runuser nor sudo is here. Run as an ordinary user.");
    }

    public Task<Subprocess.Result> RunAsync(Subprocess.Request request, CancellationToken cancellationToken) =>
        Subprocess.RunAsync(
            IsCaller ? request : request with { FileName = prefix[0], Arguments = [.. prefix[1..], request.FileName, .. request.Arguments] },
            cancellationToken);

    public async Task OwnAsync(string path, CancellationToken cancellationToken)
    {
        if (IsCaller)
            return;
        var owned = await Subprocess.RunAsync(new("chown", ["-R", $"{Name}:", path]), cancellationToken);
        if (!owned.Succeeded)
            throw new KestrelException($"{path} could not be given to the user '{Name}': {owned.Output}");
    }

    public async Task<bool> CanWriteAsync(string folder, CancellationToken cancellationToken)
    {
        if (IsCaller)
            return true;
        var tried = await RunAsync(new("sh", ["-c", "test -w \"$1\" && test -x \"$1\"", "sh", folder]) { WorkingDirectory = "/" }, cancellationToken);
        return tried.Succeeded;
    }
}
