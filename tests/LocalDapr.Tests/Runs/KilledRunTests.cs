using System.Collections.Concurrent;
using System.Diagnostics;
using KestrelVoice.LocalDapr.Tests.Harness;

namespace KestrelVoice.LocalDapr.Tests.Runs;

/// <summary>What a run answered with success outlives kill -9, and what it leaves behind does not stand in the way of the next.</summary>
public sealed class KilledRunTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_accepted_message_and_value_survives_kill_9_under_load()
    {
        await using var setup = new DaprRun().WithResiliency(
            """
            policies:
              retries:
                deliver: { policy: constant, duration: 100ms, maxRetries: -1 }
            targets:
              components:
                pubsub: { inbound: { retry: deliver } }
            """);
        await using var app = new TestApp { Subscriptions = new[] { new { pubsubname = "pubsub", topic = setup.Topic("t"), route = "/t" } } };
        await app.StartAsync();
        setup.WithApp("host", app).WriteRunFile();
        var accepted = new ConcurrentDictionary<string, bool>();
        var next = 0;

        for (var life = 0; life < 3; life++)
        {
            await using var run = ChildRun.Start(setup.RunFile, setup.StateFile, Home);
            await run.UpAsync(setup);
            using var client = setup.Client("host");
            var enough = accepted.Count + 100;
            var publishing = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PublishUntilKilledAsync(client)));
            await Poll.Until(() => accepted.Count >= enough, () => $"accepted messages; output: {run.Output}");
            await run.KillAsync();
            await publishing;
        }
        await using (var last = ChildRun.Start(setup.RunFile, setup.StateFile, Home))
        {
            await last.UpAsync(setup);
            await Poll.Until(() => accepted.Keys.All(Delivered().Contains), () => $"{accepted.Count} messages, {Delivered().Count} came");
            using var client = setup.Client("host");
            foreach (var id in accepted.Keys)
                (await client.GetStateAsync<string>("statestore", id, cancellationToken: Cancel)).ShouldBe(id);
            await last.TerminateAsync();
            last.ExitCode.ShouldBe(0);
        }

        HashSet<string> Delivered() => [.. app.Asked("/t").Select(request => request.Attribute("id"))];

        async Task PublishUntilKilledAsync(Dapr.Client.DaprClient client)
        {
            try
            {
                while (true)
                {
                    var id = $"event-{Interlocked.Increment(ref next)}";
                    await client.SaveStateAsync("statestore", id, id, cancellationToken: Cancel);
                    await client.PublishEventAsync("pubsub", setup.Topic("t"), id, new Dictionary<string, string> { ["cloudevent.id"] = id }, Cancel);
                    accepted[id] = true;
                }
            }
            catch (Dapr.DaprException)
            {
                // The sidecar is gone: what this call was about to do was never answered.
            }
        }
    }

    [Fact]
    public async Task Apps_left_behind_by_a_killed_run_are_stopped_before_the_next_starts_them()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are not sent on Windows.");
        await using var setup = new DaprRun();
        var app = new TestAppProcess(setup);
        int first;

        await using (var run = ChildRun.Start(setup.RunFile, setup.StateFile, Home))
        {
            await Poll.Until(() => app.IsUp, () => $"the app; output: {run.Output}");
            first = app.Pid;
            await run.KillAsync();
        }
        Running(first).ShouldBeTrue("the app outlives the run that started it");
        await using var second = ChildRun.Start(setup.RunFile, setup.StateFile, Home);
        await Poll.Until(() => app.Starts == 2, () => $"the second start; output: {second.Output}");

        Running(first).ShouldBeFalse();
        second.Output.ShouldContain("left behind");
        await second.TerminateAsync();
        Running(app.Pid).ShouldBeFalse();
    }

    [Fact]
    public async Task A_process_that_merely_got_the_same_number_is_left_alone()
    {
        Assert.SkipWhen(DaprRun.IsReal, "The record is LocalDapr's.");
        await using var setup = new DaprRun();
        setup.WithApp("host").WriteRunFile();
        using var innocent = Process.Start(new ProcessStartInfo("sleep", ["60"]))!;
        File.WriteAllText(setup.StateFile + ".run.json", $$"""[{"AppId":"host","Pid":{{innocent.Id}},"Birth":"another life"}]""");

        await setup.StartAsync();

        innocent.HasExited.ShouldBeFalse();
        innocent.Kill();
        await innocent.WaitForExitAsync(Cancel);
    }

    [Fact]
    public async Task A_second_run_on_the_same_state_is_refused()
    {
        Assert.SkipWhen(DaprRun.IsReal, "Real sidecars share a broker.");
        await using var setup = new DaprRun();
        await setup.WithApp("host").StartAsync();

        await using var second = ChildRun.Start(setup.RunFile, setup.StateFile, Home);
        await Poll.Until(() => second.Output.Contains("in use by another run", StringComparison.Ordinal), () => second.Output);
    }

    [Fact]
    public async Task A_restart_delivers_what_was_still_owed_and_nothing_twice()
    {
        Assert.SkipWhen(DaprRun.IsReal, "Restarting the CLI does not restart Redis.");
        await using var run = new DaprRun();
        await using var app = new TestApp { Subscriptions = new[] { new { pubsubname = "pubsub", topic = run.Topic("t"), route = "/t" } } };
        await app.StartAsync();
        await run.WithApp("host", app).StartAsync();
        using (var client = run.Client("host"))
        {
            await client.PublishEventAsync("pubsub", run.Topic("t"), "done", Cancel);
            await app.ShouldReceive("/t");
            await app.StopAsync();
        }
        await run.StopAsync();
        await run.StartAsync();
        using (var client = run.Client("host"))
            await client.PublishEventAsync("pubsub", run.Topic("t"), "waiting", Cancel);
        await run.StopAsync();
        await app.StartAsync();
        await run.StartAsync();

        await app.ShouldReceive("/t", 2);
        app.Asked("/t").Select(request => request.Attribute("data")).ShouldBe(["done", "waiting"]);
    }

    [Fact]
    public async Task Deliveries_under_way_finish_when_a_run_is_stopped()
    {
        Assert.SkipWhen(DaprRun.IsReal, "Restarting the CLI does not restart Redis.");
        await using var run = new DaprRun();
        await using var app = new TestApp { Subscriptions = new[] { new { pubsubname = "pubsub", topic = run.Topic("t"), route = "/t" } } };
        var finished = 0;
        app.Answer = async (_, context) =>
        {
            await Task.Delay(300, context.RequestAborted);
            Interlocked.Increment(ref finished);
        };
        await app.StartAsync();
        await run.WithApp("host", app).StartAsync();
        using (var client = run.Client("host"))
            await client.PublishEventAsync("pubsub", run.Topic("t"), 1, Cancel);
        await app.ShouldReceive("/t");

        await run.StopAsync();
        finished.ShouldBe(1);
        await run.StartAsync();
        using (var client = run.Client("host"))
            await client.PublishEventAsync("pubsub", run.Topic("t"), 2, Cancel);
        await app.ShouldReceive("/t", 2);

        app.Asked("/t").Select(request => request.Json.GetProperty("data").GetInt32()).ShouldBe([1, 2]);
    }

    private static Dictionary<string, string> Home => new() { ["HOME"] = "/nonexistent" };

    private static bool Running(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
