using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using KestrelVoice.Cli;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Kestrel.Tests.Processes;

public sealed class ProcessTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_program_is_run_to_its_end_and_quoted()
    {
        SkipOnWindows();
        var lines = new List<string>();

        var ran = await Subprocess.RunAsync(new("sh", ["-c", "echo one; echo two >&2; exit 3"]) { OnErrorLine = lines.Add }, Token);

        (ran.ExitCode, ran.StandardOutput, ran.StandardError).ShouldBe((3, "one\n", "two\n"));
        lines.ShouldBe(["two"]);
    }

    [Fact]
    public async Task A_program_that_does_not_end_in_time_is_ended_with_its_children()
    {
        SkipOnWindows();
        var ran = await Subprocess.RunAsync(
            new("sh", ["-c", "sleep 600 & echo $!; wait"]) { Timeout = TimeSpan.FromSeconds(1) }, Token);

        ran.ExitCode.ShouldBe(-1);
        var child = int.Parse(ran.StandardOutput.Trim(), System.Globalization.CultureInfo.InvariantCulture);
        await Eventually(() => ProcessIdentity.Of(child) is null);
    }

    [Fact]
    public async Task A_program_that_leaves_a_server_behind_does_not_hold_up_its_caller()
    {
        SkipOnWindows();
        var ran = await Subprocess.RunAsync(new("sh", ["-c", "sleep 600 & echo $!"]) { Timeout = TimeSpan.FromSeconds(60) }, Token);

        ran.ExitCode.ShouldBe(0);
        using var server = Process.GetProcessById(int.Parse(ran.StandardOutput.Trim(), System.Globalization.CultureInfo.InvariantCulture));
        server.Kill();
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named() =>
        (await Should.ThrowAsync<KestrelException>(async () => await Subprocess.RunAsync(new("no-such-program", []), Token))).Message.ShouldContain("no-such-program");

    [Fact]
    public void This_process_is_alive_and_itself()
    {
        ProcessIdentity.Current.IsAlive.ShouldBeTrue();
        ProcessIdentity.Current.ShouldBe(ProcessIdentity.Of(Environment.ProcessId));
        (ProcessIdentity.Current with { Started = "before" }).IsAlive.ShouldBeFalse();
    }

    [Fact]
    public async Task Children_and_their_children_are_found_with_their_commands()
    {
        SkipOnWindows();
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", "sleep 601; true"]))!;
        try
        {
            await Eventually(async () => (await Descendants.BelowAsync(Environment.ProcessId, Token)).Any(each => each.Command.Contains("sleep 601", StringComparison.Ordinal)
                && each.Identity.Pid != shell.Id));
        }
        finally
        {
            shell.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public void A_port_with_a_listener_is_not_free_and_a_new_one_is()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        FreePort.IsFree(((IPEndPoint)listener.LocalEndpoint).Port).ShouldBeFalse();
        FreePort.IsFree(FreePort.Next()).ShouldBeTrue();
    }

    private static void SkipOnWindows() => Assert.SkipWhen(OperatingSystem.IsWindows(), "Uses sh");

    private static Task Eventually(Func<bool> condition) => Eventually(() => Task.FromResult(condition()));

    private static async Task Eventually(Func<Task<bool>> condition)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Token);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (!await condition())
            await Task.Delay(TimeSpan.FromMilliseconds(50), deadline.Token);
    }
}
