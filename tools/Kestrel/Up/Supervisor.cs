using System.Globalization;
using KestrelVoice.CallSimulator.Recordings;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Machine;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Processes;
using KestrelVoice.GoogleStandIn;

namespace KestrelVoice.Cli.Up;

/// <summary>One run, from the checks to the last process gone.</summary>
internal sealed class Supervisor(KestrelHome home, UpOptions options, Terminal terminal, bool foreground)
{
    internal const string GoogleClientId = "kestrelvoice-on-this-machine";

    private const int StoppedEarly = 130;

    private readonly Steps steps = new(terminal, TimeProvider.System);
    private readonly PortPlan ports = new(options.PortBase);
    private readonly string runId = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("N");
    private RunRecord? record;

    /// <param name="stop">Asks for an orderly stop.</param>
    /// <param name="now">Asks not to wait for it any longer.</param>
    /// <returns>Exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stop, CancellationToken now)
    {
        home.Create();
        using var held = await RunLock.TryTakeAsync(home, stop);
        if (held is null)
            return RefuseSecond(home, terminal);

        var cleared = await Leftovers.ClearAsync(home, stop);
        if (cleared > 0)
            terminal.Markup($"[yellow]![/] An earlier run was killed; {cleared} process(es) that it left are stopped now.");

        // Whatever is started from here on carries the mark, and a later run finds it by that.
        Environment.SetEnvironmentVariable(Descendants.Mark, runId);
        Note(new RunRecord
        {
            RunId = runId,
            Supervisor = ProcessIdentity.Current,
            State = RunState.Starting,
            PortBase = ports.Base,
            Dapr = "",
        });
        try
        {
            return await StartAndWatchAsync(stop, now);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return StoppedEarly;
        }
        finally
        {
            File.Delete(home.DevFile);
            RunRecord.Delete(home);
        }
    }

    /// <summary>Says that one is up already, and where.</summary>
    public static int RefuseSecond(KestrelHome home, Terminal terminal)
    {
        var running = RunRecord.Read(home);
        terminal.Failure($"KestrelVoice is already up from {KestrelHome.Shown(home.State)} (process {running?.Supervisor.Pid}).");
        if (running is not null)
        {
            var other = new PortPlan(running.PortBase);
            terminal.Line($"  API        {other.HostUrl}");
            terminal.Line($"  Voice app  {other.VoiceUrl}");
        }

        terminal.Line("  ./kestrel status shows how it is, ./kestrel down stops it.");
        terminal.Line("  A second copy beside it: ./kestrel up --home DIR --port-base 6000");
        return 1;
    }

    private async Task<int> StartAndWatchAsync(CancellationToken stop, CancellationToken now)
    {
        var kind = await ChooseDaprAsync(stop);
        Note(record! with { Dapr = kind == DaprKind.Cli ? "cli" : "local" });
        await steps.RunAsync("Machine", step => Task.FromResult(step.Outcome = MachineCheck.Run(home, ports, Database.ExternalUrl is null)), stop);
        if (options.Build)
            await steps.RunAsync("Building the apps", step => AppBuild.RunAsync(home, line => step.Now = line, stop), stop);
        else if (!File.Exists(home.HostAssembly) || !File.Exists(home.VoiceAssembly))
            throw new KestrelException("The apps are not built yet: leave out --no-build.");

        var secrets = Secrets.ReadOrCreate(home);
        await using var database = await Database.StartAsync(home, ports, steps, stop);
        Note(record! with { Parts = [RunParts.Database(database)] });
        var environment = new RunEnvironment(home, ports, secrets, database, runId);
        var tenant = await PrepareDataAsync(database, environment, stop);

        await using var twilio = await TwilioStandIn.StartAsync(home.Recordings, secrets.TwilioAccountSid, secrets.TwilioAuthToken, ports.Twilio, stop);
        Note(record! with { Parts = [.. record!.Parts, RunParts.Twilio(ports)] });
        await using var google = await GoogleServer.StartAsync(
            new GoogleServerOptions(GoogleClientId, runId, [ports.HostUrl + "/calendars/google/callback"]) { Port = ports.Google }, stop);
        google.AddUser("technician@example.com", "America/Los_Angeles");
        Note(record! with { Parts = [.. record!.Parts, RunParts.Google(ports)] });
        await using var dapr = await DaprChild.StartAsync(home, ports, kind, environment, stop);
        Note(record! with { DaprChild = dapr.Identity, Parts = [.. record!.Parts, .. RunParts.Served(ports, dapr.Identity)] });
        using var readiness = new Readiness();
        try
        {
            await steps.RunAsync("Sidecars and apps", step => WaitUntilReadyAsync(dapr, kind, readiness, step, stop), stop);
            var below = await Descendants.BelowAsync(Environment.ProcessId, stop);
            Note(record! with { State = RunState.Ready, Parts = RunParts.WithProcesses(record!.Parts, below), Started = [.. below.Select(each => each.Identity)] });
            var dev = DevFileOf(secrets, tenant);
            dev.Write(home);
            // In the background the one who asked shows it: passwords do not belong in a log.
            if (foreground)
                Banner.Show(terminal, dev, home, foreground);
            return await new Watch(home, terminal, record!, database, dapr, readiness).UntilAsync(stop);
        }
        finally
        {
            await StopAsync(dapr, database, now);
        }
    }

    private static async Task<DaprKind> ChooseAutomaticallyAsync(CancellationToken cancellationToken) =>
        DaprCli.IsInitialised && await DaprCli.VersionAsync(cancellationToken) is not null ? DaprKind.Cli : DaprKind.Local;

    private async Task<DaprKind> ChooseDaprAsync(CancellationToken cancellationToken)
    {
        if (options.Dapr is not DaprKind.Cli)
            return options.Dapr ?? await ChooseAutomaticallyAsync(cancellationToken);
        if (await DaprCli.VersionAsync(cancellationToken) is null)
            throw new KestrelException("The Dapr CLI is not installed: https://docs.dapr.io/getting-started/install-dapr-cli\nWithout it: ./kestrel up --dapr local");
        return DaprCli.IsInitialised
            ? DaprKind.Cli
            : throw new KestrelException("The Dapr CLI is installed but not initialised: run dapr init first.\nWithout it: ./kestrel up --dapr local");
    }

    private async Task<DemoTenant> PrepareDataAsync(Database database, RunEnvironment environment, CancellationToken cancellationToken)
    {
        var host = new HostCommands(home, environment);
        await steps.RunAsync("Migrations", step => host.MigrateAsync(line => step.Now = line, cancellationToken), cancellationToken);
        if (!options.DemoData && DemoTenant.Read(home, database.Identity) is { } known)
            return known;
        return await steps.RunAsync(
            options.DemoData ? "Demo tenant with past calls" : "Demo tenant",
            step => host.SeedAsync(options.DemoData, database.Identity, line => step.Now = line, cancellationToken),
            cancellationToken);
    }

    private async Task WaitUntilReadyAsync(DaprChild dapr, DaprKind kind, Readiness readiness, Steps.Step step, CancellationToken cancellationToken)
    {
        if (await readiness.WaitAsync(record!.Parts, dapr.Exited, now => step.Now = now, cancellationToken) is not { } missing)
        {
            step.Outcome = kind == DaprKind.Cli ? "host and voice, with the Dapr CLI" : "host and voice, with LocalDapr";
            return;
        }

        var why = dapr.Exited.IsCompleted
            ? string.Create(CultureInfo.InvariantCulture, $"The process that runs the sidecars ended with exit code {dapr.ExitCode}.")
            : $"{missing.Part.Name} is not ready after {Readiness.Patience.TotalMinutes:0} minutes: {missing.Why}.";
        throw new KestrelException($"{why}\n{LastWords(missing.Part.Name, dapr.Exited.IsCompleted)}");
    }

    private string LastWords(string part, bool sidecarsDied)
    {
        var log = sidecarsDied || part.EndsWith("sidecar", StringComparison.Ordinal) ? "dapr" : part;
        return $"The end of {KestrelHome.Shown(home.LogOf(log))}:\n  {string.Join("\n  ", LogTail.Lines(home.LogOf(log), 25))}";
    }

    private async Task StopAsync(DaprChild dapr, Database database, CancellationToken now)
    {
        Note(record! with { State = RunState.Stopping });
        File.Delete(home.DevFile);
        terminal.Line();
        await steps.RunAsync("Stopping apps and sidecars", _ => dapr.StopAsync(now), CancellationToken.None);
        await Leftovers.StopAsync(record!, CancellationToken.None);
        if (database.Cluster is not null)
            await steps.RunAsync("Stopping PostgreSQL", _ => database.Cluster.StopAsync(CancellationToken.None), CancellationToken.None);
    }

    private DevFile DevFileOf(Secrets secrets, DemoTenant tenant) => new()
    {
        ApiUrl = ports.HostUrl,
        VoiceUrl = ports.VoiceUrl,
        Email = tenant.Email,
        Password = tenant.Password,
        ApiKey = tenant.ApiKey,
        TenantId = tenant.TenantId,
        PhoneNumber = tenant.PhoneNumber,
        TwilioAccountSid = secrets.TwilioAccountSid,
        TwilioAuthToken = secrets.TwilioAuthToken,
        TwilioApiUrl = ports.TwilioUrl,
        PublishableKey = secrets.PublishableKey,
        DaprApiToken = secrets.DaprApiToken,
    };

    private void Note(RunRecord changed)
    {
        record = changed;
        record.Write(home);
    }
}
