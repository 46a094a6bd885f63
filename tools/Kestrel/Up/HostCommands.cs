using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Up;

/// <summary>The host's own commands, run to their end before it serves.</summary>
internal sealed class HostCommands(KestrelHome home, RunEnvironment environment)
{
    public Task MigrateAsync(Action<string> progress, CancellationToken cancellationToken) =>
        RunAsync(["migrate"], "The database could not be migrated", progress, cancellationToken);

    public async Task<DemoTenant> SeedAsync(bool demoData, string database, Action<string> progress, CancellationToken cancellationToken)
    {
        string[] arguments = demoData ? ["seed-demo", "--demo-data"] : ["seed-demo"];
        var printed = await RunAsync(arguments, "The demo tenant could not be seeded", progress, cancellationToken);
        var tenant = DemoTenant.Parse(printed, database);
        tenant.Write(home);
        return tenant;
    }

    /// <param name="tenant">Its id or one of its numbers.</param>
    /// <param name="plan">Null only asks.</param>
    /// <returns>The tenant as it is now: one line of JSON.</returns>
    public Task<string> PlanAsync(string tenant, string? plan, CancellationToken cancellationToken)
    {
        string[] arguments = plan is null ? ["tenant-plan", tenant] : ["tenant-plan", tenant, plan];
        return RunAsync(arguments, plan is null ? "The plan could not be read" : "The plan could not be changed", _ => { }, cancellationToken);
    }

    /// <param name="tenant">Its id or one of its numbers; null for all of them.</param>
    /// <param name="repair">Whether to make right what is wrong.</param>
    /// <returns>What was found: one line of JSON.</returns>
    public async Task<string> CheckAnalyticsAsync(string? tenant, bool repair, CancellationToken cancellationToken)
    {
        string[] arguments = ["analytics-check", .. tenant is null ? Array.Empty<string>() : ["--tenant", tenant], .. repair ? ["--repair"] : Array.Empty<string>()];
        var ran = await StartAsync(arguments, TimeSpan.FromHours(1), _ => { }, cancellationToken);
        // It fails when it finds something, and that is an answer too.
        return ran.StandardOutput.Contains('{', StringComparison.Ordinal) ? ran.StandardOutput : throw Failed("The calls could not be counted", ran);
    }

    private async Task<string> RunAsync(string[] arguments, string failure, Action<string> progress, CancellationToken cancellationToken)
    {
        var ran = await StartAsync(arguments, TimeSpan.FromMinutes(5), progress, cancellationToken);
        return ran.Succeeded ? ran.StandardOutput : throw Failed(failure, ran);
    }

    private Task<Subprocess.Result> StartAsync(string[] arguments, TimeSpan timeout, Action<string> progress, CancellationToken cancellationToken) =>
        Subprocess.RunAsync(
            new("dotnet", [home.HostAssembly, .. arguments])
            {
                WorkingDirectory = Path.GetDirectoryName(home.HostAssembly),
                Environment = environment.ForCommands(),
                Timeout = timeout,
                // Only the log: what goes to standard output may be the password.
                OnErrorLine = progress,
            },
            cancellationToken);

    private static KestrelException Failed(string failure, Subprocess.Result ran) =>
        new($"{failure}:\n{string.Join('\n', ran.StandardError.TrimEnd().Split('\n').TakeLast(20))}");
}
