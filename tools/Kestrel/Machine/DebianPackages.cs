using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Machine;

/// <summary>Installs what is missing where that needs no question: on Debian and its kin, as root.</summary>
internal static class DebianPackages
{
    private const string ClusterSettings = "/etc/postgresql-common/createcluster.conf";

    private static readonly Dictionary<string, string?> Unattended = new()
    {
        ["DEBIAN_FRONTEND"] = "noninteractive",
        ["UCF_FORCE_CONFFOLD"] = "1",
        ["LC_ALL"] = "C.UTF-8",
    };

    public static bool CanInstall => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && File.Exists("/usr/bin/apt-get");

    /// <summary>PostgreSQL without the cluster and the service that the package would set up for itself.</summary>
    public static async Task InstallPostgresAsync(Action<string> progress, CancellationToken cancellationToken)
    {
        await AptAsync(["update"], progress, cancellationToken);
        await AptAsync(["install", "-y", "--no-install-recommends", "postgresql-common"], progress, cancellationToken);
        Directory.CreateDirectory(Path.GetDirectoryName(ClusterSettings)!);
        await File.AppendAllTextAsync(ClusterSettings, "\n# The private cluster of KestrelVoice is enough.\ncreate_main_cluster = false\n", cancellationToken);
        await AptAsync(["install", "-y", "--no-install-recommends", "postgresql"], progress, cancellationToken);
    }

    public static async Task InstallAsync(string[] packages, Action<string> progress, CancellationToken cancellationToken)
    {
        await AptAsync(["update"], progress, cancellationToken);
        await AptAsync(["install", "-y", "--no-install-recommends", .. packages], progress, cancellationToken);
    }

    private static async Task AptAsync(string[] arguments, Action<string> progress, CancellationToken cancellationToken)
    {
        var ran = await Subprocess.RunAsync(
            new("/usr/bin/apt-get", ["-q", "-o", "Dpkg::Options::=--force-confold", "-o", "DPkg::Lock::Timeout=120", .. arguments])
            {
                Environment = Unattended,
                Timeout = TimeSpan.FromMinutes(15),
                OnLine = progress,
            },
            cancellationToken);
        if (!ran.Succeeded)
            throw new KestrelException($"apt-get {string.Join(' ', arguments)} failed:\n{string.Join('\n', ran.Output.Split('\n').TakeLast(15))}");
    }
}
