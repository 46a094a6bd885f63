using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Machine;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Postgres;
using KestrelVoice.Cli.Processes;
using KestrelVoice.Cli.Up;

namespace KestrelVoice.Cli.Testing;

/// <summary>Everything that has to hold before a change may land, from formatting to end to end.</summary>
internal sealed class TestRun(KestrelHome home, Terminal terminal, string? filter)
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30);

    private readonly Steps steps = new(terminal, TimeProvider.System);
    private TestCounts counts;

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await PrepareAsync(cancellationToken))
                await RunAssembliesAsync(cancellationToken);
        }
        catch (KestrelException problem)
        {
            counts += TestCounts.OneFailure;
            terminal.Failure(problem.Message);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            counts += TestCounts.OneFailure;
            terminal.Failure("Stopped before the end.");
        }

        if (counts == default)
            terminal.Failure(filter is null ? "No test ran." : $"No test matches '{filter}'.");
        terminal.Line();
        terminal.Line(counts.ToString());
        return counts is { Failed: 0, Passed: > 0 } ? 0 : 1;
    }

    /// <returns>False when it makes no sense to go on.</returns>
    private async Task<bool> PrepareAsync(CancellationToken cancellationToken)
    {
        if (!await CheckAsync("Restoring", ["restore", "KestrelVoice.sln", "-nodeReuse:false"], cancellationToken))
            return false;
        if (filter is null)
            // Style and analyzers are errors of the build; only white space is not its business.
            await CheckAsync("Formatting", ["format", "whitespace", "KestrelVoice.sln", "--verify-no-changes", "--no-restore"], cancellationToken);
        if (!await CheckAsync("Building", ["build", "KestrelVoice.sln", "--no-restore", "-warnaserror", .. AppBuild.Switches], cancellationToken))
            return false;

        if (await PostgresBinaries.FindAsync(major: null, cancellationToken) is null)
            await InstallPostgresAsync(cancellationToken);
        await new Oracles(home, steps).EnsureAsync(cancellationToken);
        await CalendarServer.EnsureAsync(steps, cancellationToken);
        return true;
    }

    private async Task<bool> CheckAsync(string title, string[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            await steps.RunAsync(
                title,
                async step =>
                {
                    var ran = await Subprocess.RunAsync(
                        new("dotnet", arguments)
                        {
                            WorkingDirectory = home.Checkout,
                            Environment = AppBuild.Environment,
                            Timeout = TimeSpan.FromMinutes(20),
                            OnLine = line => step.Now = line.Trim() is { Length: < 120 } text ? text : "",
                        },
                        cancellationToken);
                    if (!ran.Succeeded)
                        throw new KestrelException($"dotnet {arguments[0]} found:\n{AppBuild.Errors(ran.Output)}");
                },
                cancellationToken);
            return true;
        }
        catch (KestrelException problem)
        {
            counts += TestCounts.OneFailure;
            terminal.Line(problem.Message);
            return false;
        }
    }

    private async Task InstallPostgresAsync(CancellationToken cancellationToken)
    {
        if (!DebianPackages.CanInstall)
            throw new KestrelException($"PostgreSQL {PostgresBinaries.OldestMajor} or newer is not installed. Get it: {HowToGet.Postgres}");
        await steps.RunAsync("Installing PostgreSQL", step => DebianPackages.InstallPostgresAsync(line => step.Now = line, cancellationToken), cancellationToken);
    }

    private async Task RunAssembliesAsync(CancellationToken cancellationToken)
    {
        var all = TestAssembly.In(home);
        var byName = all.Where(assembly => filter is not null && assembly.Name.Contains(filter, StringComparison.OrdinalIgnoreCase)).ToList();
        var chosen = byName.Count > 0 ? byName : all;
        var methods = byName.Count > 0 ? null : filter;

        var reports = Directory.CreateTempSubdirectory("kestrel-reports-");
        var running = new RunningTests(terminal);
        try
        {
            using var beating = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var heart = running.BeatAsync(Heartbeat, beating.Token);
            var atOnce = Math.Clamp(Environment.ProcessorCount, 1, 2);
            await Parallel.ForEachAsync(
                chosen,
                new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken },
                async (assembly, token) =>
                {
                    var outcome = await running.TrackAsync(assembly, () => assembly.RunAsync(methods, reports.FullName, TestAssembly.Patience, token));
                    running.Add(ref counts, outcome.Counts);
                });
            await beating.CancelAsync();
            await heart;
        }
        finally
        {
            reports.Delete(recursive: true);
        }
    }
}
