using System.Globalization;

namespace KestrelVoice.Cli.Postgres;

/// <summary>A folder that holds the PostgreSQL server programs.</summary>
/// <param name="Folder">Where <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c> are.</param>
/// <param name="Major">Their major version.</param>
internal sealed record PostgresBinaries(string Folder, int Major)
{
    internal const int OldestMajor = 15;

    private static readonly string[] Programs = ["initdb", "pg_ctl", "postgres"];

    public string InitDb => Path.Combine(Folder, Executable("initdb"));

    public string PgCtl => Path.Combine(Folder, Executable("pg_ctl"));

    /// <summary>The first usable installation: those on PATH, then the system's folders, newest first.</summary>
    /// <param name="major">Only this major version, because data on disk was written by it; null for any from 15.</param>
    public static async Task<PostgresBinaries?> FindAsync(int? major, CancellationToken cancellationToken)
    {
        foreach (var folder in Candidates().Where(HoldsAll).Distinct(StringComparer.Ordinal))
        {
            var found = await MajorOfAsync(folder, cancellationToken);
            if (major is null ? found >= OldestMajor : found == major)
                return new PostgresBinaries(folder, found.Value);
        }

        return null;
    }

    internal static int? ParseMajor(string versionLine)
    {
        // "pg_ctl (PostgreSQL) 17.2 (Debian 17.2-1)" and "postgres (PostgreSQL) 18beta1"
        var digits = versionLine.Split(')', 2)[^1].TrimStart().TakeWhile(char.IsAsciiDigit).ToArray();
        return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : null;
    }

    /// <summary>Newest version first, going by the number in the name of the folder.</summary>
    internal static IEnumerable<string> NewestFirst(string parent, string pattern, string below = "bin") =>
        Directory.Exists(parent)
            ? Directory.EnumerateDirectories(parent, pattern)
                .OrderByDescending(folder => double.TryParse(
                    new string([.. Path.GetFileName(folder).Where(character => char.IsAsciiDigit(character) || character == '.')]),
                    NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var version) ? version : 0)
                .Select(folder => Path.Combine(folder, below))
            : [];

    private static IEnumerable<string> Candidates()
    {
        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        foreach (var folder in path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            yield return folder;

        if (OperatingSystem.IsWindows())
        {
            foreach (var folder in NewestFirst(
                Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "PostgreSQL"), "*"))
                yield return folder;
            yield break;
        }

        (string Parent, string Pattern)[] known =
        [
            ("/usr/lib/postgresql", "*"),
            ("/opt/homebrew/opt", "postgresql*"),
            ("/usr/local/opt", "postgresql*"),
            ("/home/linuxbrew/.linuxbrew/opt", "postgresql*"),
            ("/usr", "pgsql-*"),
            ("/usr/libexec", "postgresql*"),
            ("/Applications/Postgres.app/Contents/Versions", "*"),
        ];
        foreach (var folder in known.SelectMany(place => NewestFirst(place.Parent, place.Pattern)))
            yield return folder;
        foreach (var folder in NewestFirst("/usr/libexec", "postgresql*", below: ""))
            yield return folder;
    }

    private static bool HoldsAll(string folder) =>
        Path.IsPathFullyQualified(folder) && Array.TrueForAll(Programs, program => File.Exists(Path.Combine(folder, Executable(program))));

    private static string Executable(string program) => OperatingSystem.IsWindows() ? $"{program}.exe" : program;

    private static async Task<int?> MajorOfAsync(string folder, CancellationToken cancellationToken)
    {
        var asked = await Processes.Subprocess.RunAsync(
            new(Path.Combine(folder, Executable("pg_ctl")), ["--version"]) { Timeout = TimeSpan.FromSeconds(20) }, cancellationToken);
        return asked.Succeeded ? ParseMajor(asked.StandardOutput) : null;
    }
}
