using System.Globalization;
using KestrelVoice.LocalDapr.Tests.Harness;

namespace KestrelVoice.LocalDapr.Tests.Runs;

/// <summary>Starting, watching and stopping the apps of a run.</summary>
public sealed class AppProcessTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Dictionary<string, string> Home => new() { ["HOME"] = "/nonexistent", ["APP_API_TOKEN"] = "t", ["Inherited"] = "yes" };

    [Fact]
    public async Task An_app_is_given_its_ports_its_folder_and_its_environment_and_is_asked_to_leave()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are not sent on Windows.");
        await using var setup = new DaprRun();
        var app = new TestAppProcess(setup, "env: { Greeting: hello, Number: 5 }");

        await using (var run = ChildRun.Start(setup.RunFile, setup.StateFile, Home))
        {
            await Poll.Until(() => app.IsUp && run.Output.Contains("the app says hello", StringComparison.Ordinal), () => run.Output);
            await run.TerminateAsync();

            run.ExitCode.ShouldBe(0, run.Output);
            run.Output.ShouldContain("== APP - host == the app says hello");
        }
        app.LeftGracefully.ShouldBeTrue();
        app.Environment("APP_ID").ShouldBe("host");
        app.Environment("APP_PORT").ShouldBe(app.Port.ToString(CultureInfo.InvariantCulture));
        app.Environment("DAPR_HTTP_PORT").ShouldBe(setup.HttpPort("host").ToString(CultureInfo.InvariantCulture));
        app.Environment("DAPR_GRPC_PORT").ShouldBe(setup.GrpcPort("host").ToString(CultureInfo.InvariantCulture));
        app.Environment("APP_API_TOKEN").ShouldBe("t");
        app.Environment("Inherited").ShouldBe("yes");
        app.Environment("Greeting").ShouldBe("hello");
        app.Environment("Number").ShouldBe("5");
        Path.GetFileName(app.Environment("PWD_IS")).ShouldBe(Path.GetFileName(setup.Folder));
        var logs = Directory.GetFiles(Path.Combine(setup.Folder, ".dapr", "logs"));
        logs.ShouldContain(log => Path.GetFileName(log).StartsWith("host_app_", StringComparison.Ordinal));
        logs.ShouldContain(log => Path.GetFileName(log).StartsWith("host_daprd_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_app_that_is_killed_is_reported_and_its_messages_wait_for_its_return()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are not sent on Windows.");
        await using var setup = new DaprRun();
        var app = new TestAppProcess(setup, "enableAppHealthCheck: true\nappHealthCheckPath: /health\nappHealthProbeInterval: 1\nappHealthProbeTimeout: 1000");
        await using var run = ChildRun.Start(setup.RunFile, setup.StateFile, Home);
        await Poll.Until(() => app.IsUp, () => run.Output);
        using var http = setup.Http("host");
        await Poll.Until(async () => await InvokesAsync(http), () => $"the app to be healthy: {run.Output}");

        using (var process = System.Diagnostics.Process.GetProcessById(app.Pid))
            process.Kill();
        await Poll.Until(() => run.Output.Contains("app 'host' ended", StringComparison.Ordinal), () => run.Output);
        await Poll.Until(async () => !await InvokesAsync(http), () => "the app to be unhealthy");
        using var client = setup.Client("host");
        await client.PublishEventAsync("pubsub", setup.Topic("t"), 1, new Dictionary<string, string> { ["cloudevent.id"] = "waited" }, Cancel);

        app.EventIds.ShouldBeEmpty();
        await RestartByHandAsync(setup, app);
        await Poll.Until(() => app.EventIds.Contains("waited"), () => run.Output);
        await run.TerminateAsync();
    }

    [Fact]
    public async Task What_an_app_started_and_left_behind_is_stopped_with_the_run()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Orphans are found by their environment, which Linux shows.");
        await using var setup = new DaprRun();
        var pidFile = Path.Combine(setup.Folder, "orphan.pid");
        setup.WithApp("host", app: null, $"command: [sh, -c, \"sleep 300 & echo $! > {pidFile}.new; mv {pidFile}.new {pidFile}; wait\"]").WriteRunFile();
        await using var run = ChildRun.Start(setup.RunFile, setup.StateFile, Home);
        await Poll.Until(() => File.Exists(pidFile), () => run.Output);
        var orphan = int.Parse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture);

        await run.TerminateAsync();

        Directory.Exists($"/proc/{orphan}").ShouldBeFalse();
    }

    [Fact]
    public async Task A_command_that_does_not_exist_is_a_refusal_that_names_it()
    {
        await using var setup = new DaprRun();
        setup.WithApp("host", app: null, "command: [no-such-program-anywhere]").WriteRunFile();
        using var console = new StringWriter();

        var exitCode = await LocalDaprRun.RunAsync(setup.Options, console, Cancel);

        exitCode.ShouldBe(LocalDaprRun.Failed);
        console.ToString().ShouldContain("no-such-program-anywhere");
    }

    [Fact]
    public async Task A_port_in_use_is_a_refusal_that_names_it()
    {
        await using var setup = new DaprRun();
        await using var squatter = new TestApp();
        await squatter.StartAsync();
        setup.WithApp("host", app: null, $"appPort: {squatter.Port}\ncommand: [sleep, \"60\"]").WriteRunFile();
        using var console = new StringWriter();

        var exitCode = await LocalDaprRun.RunAsync(setup.Options, console, Cancel);

        exitCode.ShouldBe(LocalDaprRun.Failed);
        console.ToString().ShouldContain($"port {squatter.Port} (appPort of host) is in use");
    }

    [Fact]
    public async Task Cancelling_stops_a_run_that_was_started_in_process()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are not sent on Windows.");
        await using var setup = new DaprRun();
        var app = new TestAppProcess(setup);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await using var console = new StringWriter();
        var options = setup.Options with { Environment = System.Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => (string)entry.Value!) };

        var running = LocalDaprRun.RunAsync(options, TextWriter.Synchronized(console), cancel.Token);
        await Poll.Until(() => app.IsUp, () => console.ToString());
        await cancel.CancelAsync();

        (await running.WaitAsync(TimeSpan.FromSeconds(30), Cancel)).ShouldBe(LocalDaprRun.Stopped);
        app.Starts.ShouldBe(1);
    }

    private static async Task RestartByHandAsync(DaprRun setup, TestAppProcess app)
    {
        var start = new System.Diagnostics.ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, Program.AppMode, Path.Combine(setup.Folder, "diary"), setup.Topic("t")])
        {
            RedirectStandardOutput = true,
            Environment = { ["APP_PORT"] = app.Port.ToString(CultureInfo.InvariantCulture) },
        };
        using var process = System.Diagnostics.Process.Start(start)!;
        try
        {
            await Poll.Until(() => app.EventIds.Count > 0, "the message that waited");
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task<bool> InvokesAsync(HttpClient http)
    {
        try
        {
            using var response = await http.GetAsync("/v1.0/invoke/host/method/health", Cancel);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
