using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace KestrelVoice.Cli.Postgres;

/// <summary>The files of one cluster, in a folder that the server's account can reach.</summary>
/// <param name="Path">The folder itself; where the caller asked for it, or where a link there leads.</param>
internal sealed record ClusterFolder(string Path)
{
    // Not below /tmp or /var/tmp: there anybody may have made the folder before us, and the system sweeps them.
    private const string ReachableParent = "/var/lib/kestrelvoice";

    public string Data => System.IO.Path.Combine(Path, "data");

    public string Unfinished => System.IO.Path.Combine(Path, "data.unfinished");

    public string Log => System.IO.Path.Combine(Path, "server.log");

    public string PasswordFile => System.IO.Path.Combine(Path, "superuser-password");

    public string SettingsFile => System.IO.Path.Combine(Data, "kestrel.conf");

    public bool IsInitialised => File.Exists(System.IO.Path.Combine(Data, "PG_VERSION"));

    public int? Major =>
        IsInitialised && int.TryParse(
            File.ReadAllText(System.IO.Path.Combine(Data, "PG_VERSION")).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            ? major
            : null;

    /// <summary>Creates the folder for the account; elsewhere, with a link in its place, when the account cannot reach it (a checkout under /root).</summary>
    public static async Task<ClusterFolder> PrepareAsync(string wanted, ServerAccount account, CancellationToken cancellationToken)
    {
        wanted = System.IO.Path.GetFullPath(wanted);
        var link = new DirectoryInfo(wanted);
        if (link.LinkTarget is not null)
        {
            var target = link.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            if (await TryCreateAsync(target, account, cancellationToken))
                return new ClusterFolder(target);
            throw new KestrelException($"{wanted} leads to {target}, which PostgreSQL cannot write. Remove the link to start afresh.");
        }

        var existed = link.Exists;
        if (await TryCreateAsync(wanted, account, cancellationToken))
            return new ClusterFolder(wanted);
        if (existed && !IsEmpty(wanted))
            throw new KestrelException($"{wanted} holds data of another user. Run as the user who made it.");

        Directory.Delete(wanted);
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(wanted)))[..16];
        var reachable = System.IO.Path.Combine(ReachableParent, name);
        // Whoever removed the link dropped the data with it; secrets that fit it are gone too.
        if (Directory.Exists(reachable) && PostmasterFile.RunningServer(new ClusterFolder(reachable)) is null)
            Directory.Delete(reachable, recursive: true);
        if (!await TryCreateAsync(reachable, account, cancellationToken))
            throw new KestrelException($"PostgreSQL, as the user 'postgres', can reach neither {wanted} nor {reachable}.");
        Directory.CreateSymbolicLink(wanted, reachable);
        return new ClusterFolder(reachable);
    }

    /// <summary>Removes the folder and the link that led to it.</summary>
    public static void Delete(string wanted)
    {
        var folder = new DirectoryInfo(System.IO.Path.GetFullPath(wanted));
        if (folder.LinkTarget is null)
        {
            if (folder.Exists)
                folder.Delete(recursive: true);
            return;
        }

        var target = folder.ResolveLinkTarget(returnFinalTarget: true)!;
        File.Delete(folder.FullName);
        if (target is DirectoryInfo { Exists: true } data)
            data.Delete(recursive: true);
    }

    private static bool IsEmpty(string folder)
    {
        try
        {
            return !Directory.EnumerateFileSystemEntries(folder).Any();
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static async Task<bool> TryCreateAsync(string folder, ServerAccount account, CancellationToken cancellationToken)
    {
        try
        {
            Directory.CreateDirectory(folder);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception problem) when (problem is UnauthorizedAccessException or IOException)
        {
            return false;
        }

        await account.OwnAsync(folder, cancellationToken);
        return await account.CanWriteAsync(folder, cancellationToken);
    }
}
