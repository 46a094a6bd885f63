using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Testing;

/// <summary>One built test project, run as the program that it is.</summary>
/// <param name="Name">As the project's folder.</param>
/// <param name="Path">Its assembly.</param>
internal sealed record TestAssembly(string Name, string Path)
{
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    /// <summary>What runs it.</summary>
    internal string Runner { get; init; } = "dotnet";

    /// <param name="Counts">How its tests went; a crash or a left-over process is one more failure.</param>
    /// <param name="Problems">What to show about failures.</param>
    internal sealed record Outcome(TestCounts Counts, IReadOnlyList<string> Problems);

    public static IReadOnlyList<TestAssembly> In(KestrelHome home) =>
        [.. Directory.EnumerateDirectories(System.IO.Path.Combine(home.Checkout, "tests"))
            .Where(folder => Directory.EnumerateFiles(folder, "*.csproj").Any())
            .Select(folder => System.IO.Path.GetFileName(folder))
            .Order(StringComparer.Ordinal)
            .Select(name => new TestAssembly(
                name, System.IO.Path.Combine(home.Checkout, "tests", name, "bin", "Release", "net10.0", $"KestrelVoice.{name}.dll")))];

    /// <param name="filter">Part of a class or method name; null for all.</param>
    /// <param name="reports">Folder for the report.</param>
    /// <param name="patience">How long it may take before it counts as hung.</param>
    /// <param name="cancellationToken">Gives up; whatever was started is ended.</param>
    public async Task<Outcome> RunAsync(string? filter, string reports, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path))
            return new Outcome(TestCounts.OneFailure, [$"{Name} was not built: {Path} is missing."]);

        var report = System.IO.Path.Combine(reports, $"{Name}.xml");
        var mark = $"{Name}-{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}";
        string[] arguments = [Path, "-noLogo", "-noColor", "-reporter", "quiet", "-xml", report, .. filter is null ? Array.Empty<string>() : ["-method", $"*{filter}*"]];
        try
        {
            var ran = await Subprocess.RunAsync(
                new(Runner, arguments)
                {
                    WorkingDirectory = System.IO.Path.GetDirectoryName(Path),
                    Environment = new Dictionary<string, string?> { [Descendants.TestMark] = mark, [Descendants.Mark] = null, [KestrelHome.Variable] = null },
                    Timeout = patience,
                },
                cancellationToken);
            var outcome = Judge(TestReport.Read(report), ran, patience, filtered: filter is not null);
            var left = Descendants.Marked(Descendants.TestMark, mark);
            return left.Count == 0
                ? outcome
                : new Outcome(
                    outcome.Counts + TestCounts.OneFailure,
                    [.. outcome.Problems, $"{Name} left processes behind:\n    {string.Join("\n    ", left.Select(Descendants.Describe))}"]);
        }
        finally
        {
            foreach (var process in Descendants.Marked(Descendants.TestMark, mark))
                Signals.Kill(process);
        }
    }

    private Outcome Judge(TestReport? report, Subprocess.Result ran, TimeSpan patience, bool filtered)
    {
        var tail = string.Join('\n', ran.Output.Split('\n').TakeLast(40));
        if (ran.ExitCode == -1)
            return new Outcome((report?.Counts ?? default) + TestCounts.OneFailure, [$"{Name} did not end within {patience.TotalMinutes:0} minutes:\n{tail}"]);
        if (report is null)
            return new Outcome(TestCounts.OneFailure, [$"{Name} ended with exit code {ran.ExitCode} and no report:\n{tail}"]);
        if (ran.ExitCode != 0 && report.Counts.Failed == 0)
            return new Outcome(report.Counts + TestCounts.OneFailure, [$"{Name} ended with exit code {ran.ExitCode} although no test failed:\n{tail}"]);
        // Tests that are no longer found must not look like tests that pass.
        return !filtered && report.Counts == default
            ? new Outcome(TestCounts.OneFailure, [$"{Name} holds no test."])
            : new Outcome(report.Counts, report.Failures);
    }
}
