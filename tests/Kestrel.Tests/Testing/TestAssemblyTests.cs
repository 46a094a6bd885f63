using System.Runtime.Versioning;
using KestrelVoice.Cli.Processes;
using KestrelVoice.Cli.Testing;

namespace KestrelVoice.Kestrel.Tests.Testing;

[UnsupportedOSPlatform("windows")]
public sealed class TestAssemblyTests : IDisposable
{
    private const string Passing = """<assemblies><assembly passed="2" failed="0" skipped="1" errors="0" /></assemblies>""";

    private readonly TempFolder folder = new();

    public TestAssemblyTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Runs a script for dotnet and looks for processes in /proc");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Counts_are_those_of_the_report()
    {
        var outcome = await RunAsync($"echo '{Passing}' > \"$report\"");

        outcome.Counts.ShouldBe(new TestCounts(2, 0, 1));
        outcome.Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_crash_counts_as_a_failure_and_its_last_words_are_shown()
    {
        var outcome = await RunAsync("echo 'Stack overflow.' >&2; exit 134");

        outcome.Counts.ShouldBe(TestCounts.OneFailure);
        outcome.Problems.ShouldHaveSingleItem().ShouldContain("Stack overflow.");
    }

    [Fact]
    public async Task An_error_exit_counts_as_a_failure_even_when_every_test_passed() =>
        (await RunAsync($"echo '{Passing}' > \"$report\"; exit 2")).Counts.ShouldBe(new TestCounts(2, 1, 1));

    [Theory]
    [InlineData(null, 1)]
    [InlineData("Some", 0)]
    public async Task No_test_at_all_counts_as_a_failure_unless_a_filter_left_them_out(string? filter, int failed)
    {
        var outcome = await RunAsync("""echo '<assemblies><assembly passed="0" failed="0" skipped="0" errors="0" /></assemblies>' > "$report" """, filter);

        outcome.Counts.ShouldBe(new TestCounts(0, failed, 0));
    }

    [Fact]
    public async Task A_hang_counts_as_a_failure_and_is_ended()
    {
        var outcome = await RunAsync("exec sleep 600", patience: TimeSpan.FromSeconds(1));

        outcome.Counts.ShouldBe(TestCounts.OneFailure);
        outcome.Problems.ShouldHaveSingleItem().ShouldContain("did not end");
    }

    [Fact]
    public async Task A_process_that_is_left_behind_counts_as_a_failure_and_is_ended()
    {
        var outcome = await RunAsync($"echo '{Passing}' > \"$report\"; setsid sleep 602 >/dev/null 2>&1 & exit 0");

        outcome.Counts.Failed.ShouldBe(1);
        outcome.Problems.ShouldHaveSingleItem().ShouldContain("sleep 602");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Token);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (Commands().Any(command => command.EndsWith("sleep 602", StringComparison.Ordinal)))
            await Task.Delay(TimeSpan.FromMilliseconds(50), deadline.Token);
    }

    [Fact]
    public async Task An_assembly_that_was_not_built_counts_as_a_failure() =>
        (await new TestAssembly("Absent", folder["absent.dll"]).RunAsync(null, folder.Path, TimeSpan.FromSeconds(1), Token)).Counts.ShouldBe(TestCounts.OneFailure);

    [Theory]
    [InlineData(null, "")]
    [InlineData("Receipts", "-method *Receipts*")]
    public async Task A_filter_is_handed_on_as_part_of_a_name(string? filter, string expected)
    {
        var outcome = await RunAsync("echo \"$@\" >&2; exit 9", filter);

        if (expected.Length == 0)
            outcome.Problems[0].ShouldNotContain("-method");
        else
            outcome.Problems[0].ShouldContain(expected);
    }

    public void Dispose() => folder.Dispose();

    private static IEnumerable<string> Commands() =>
        LinuxStat.All().Where(process => !process.IsZombie).Select(process => ProcessIdentity.Of(process.Pid)).OfType<ProcessIdentity>().Select(Descendants.Describe);

    private Task<TestAssembly.Outcome> RunAsync(string script, string? filter = null, TimeSpan? patience = null)
    {
        File.WriteAllText(folder["some.dll"], "");
        File.WriteAllText(folder["runner"], $"#!/bin/sh\nreport='{folder["Some.xml"]}'\n{script}\n");
        File.SetUnixFileMode(folder["runner"], (UnixFileMode)0b111_101_101);
        return new TestAssembly("Some", folder["some.dll"]) { Runner = folder["runner"] }
            .RunAsync(filter, folder.Path, patience ?? TimeSpan.FromMinutes(1), Token);
    }
}
