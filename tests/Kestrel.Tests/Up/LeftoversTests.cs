using System.Diagnostics;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;
using KestrelVoice.Cli.Up;

namespace KestrelVoice.Kestrel.Tests.Up;

public sealed class LeftoversTests : IDisposable
{
    private readonly TempFolder folder = new();
    private readonly KestrelHome home;
    private readonly List<Process> started = [];

    public LeftoversTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Uses sleep");
        home = new KestrelHome(folder.Path, folder[".kestrel"]);
        home.Create();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Processes_of_a_killed_run_are_stopped_and_its_files_removed()
    {
        var left = Sleep();
        Record(ProcessIdentity.Of(left.Id)!).Write(home);
        await File.WriteAllTextAsync(home.DevFile, "{}", Token);

        (await Leftovers.ClearAsync(home, Token)).ShouldBe(1);

        await left.WaitForExitAsync(Token);
        RunRecord.Read(home).ShouldBeNull();
        File.Exists(home.DevFile).ShouldBeFalse();
    }

    [Fact]
    public async Task A_later_process_with_the_same_number_is_left_alone()
    {
        var innocent = Sleep();
        Record(ProcessIdentity.Of(innocent.Id)! with { Started = "another time" }).Write(home);

        (await Leftovers.ClearAsync(home, Token)).ShouldBe(0);

        innocent.HasExited.ShouldBeFalse();
        RunRecord.Read(home).ShouldBeNull();
    }

    [Fact]
    public async Task An_orphan_that_nobody_wrote_down_is_known_by_the_mark_it_inherited()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Reads /proc");
        var orphan = Sleep("run-with-an-orphan");
        (Record() with { RunId = "run-with-an-orphan" }).Write(home);

        (await Leftovers.ClearAsync(home, Token)).ShouldBe(1);

        await orphan.WaitForExitAsync(Token);
    }

    [Fact]
    public async Task A_record_that_cannot_be_read_is_dropped()
    {
        await File.WriteAllTextAsync(Path.Combine(home.Run, "up.json"), "{ half", Token);

        (await Leftovers.ClearAsync(home, Token)).ShouldBe(0);
        Directory.EnumerateFiles(home.Run, "up.json").ShouldBeEmpty();
    }

    public void Dispose()
    {
        foreach (var process in started)
        {
            process.Kill();
            process.Dispose();
        }

        folder.Dispose();
    }

    private static RunRecord Record(params ProcessIdentity[] left) => new()
    {
        RunId = "a-run-of-this-test",
        Supervisor = new ProcessIdentity(1, "long ago"),
        State = RunState.Ready,
        PortBase = 5000,
        Dapr = "local",
        Started = left,
    };

    private Process Sleep(string? mark = null)
    {
        var start = new ProcessStartInfo("sleep", ["600"]);
        if (mark is not null)
            start.Environment[Descendants.Mark] = mark;
        var process = Process.Start(start)!;
        started.Add(process);
        return process;
    }
}
