using System.Runtime.Versioning;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Kestrel.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class LauncherTests : IDisposable
{
    private static readonly string[] BareTools = ["sh", "dirname", "readlink", "find", "head", "sort", "cksum", "cat", "mkdir", "rm", "mv", "sleep"];

    private readonly TempFolder folder = new();

    public LauncherTests() => Assert.SkipWhen(OperatingSystem.IsWindows(), "The launcher for sh");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Launcher => Path.Combine(KestrelHome.Find(null, AppContext.BaseDirectory).Checkout, "kestrel");

    [Fact]
    public async Task Without_an_sdk_it_says_how_to_get_one()
    {
        var ran = await RunAsync(CopyOfLauncher(), path: BareFolder());

        ran.ExitCode.ShouldBe(127);
        // Where one lies in a usual folder off PATH it is found, and refused because of the checkout's empty global.json.
        ran.StandardError.ShouldContain("the .NET SDK is");
        ran.StandardError.ShouldContain("https://dotnet.microsoft.com/download/dotnet/10.0");
    }

    [Fact]
    public async Task With_too_old_an_sdk_it_says_so()
    {
        var ran = await RunAsync(CopyOfLauncher(), path: BareFolder(dotnet: "exit 145"));

        ran.ExitCode.ShouldBe(127);
        ran.StandardError.ShouldContain("too old");
    }

    [Fact]
    public async Task A_failing_build_is_shown_and_fails()
    {
        var ran = await RunAsync(CopyOfLauncher(), path: BareFolder(dotnet: "case $1 in --version) echo 10.0.1 ;; build) echo 'error CS1002: ; expected'; exit 1 ;; esac"));

        ran.ExitCode.ShouldBe(1);
        ran.StandardError.ShouldContain("CS1002");
    }

    [Fact]
    public async Task It_builds_once_and_hands_on_arguments_and_exit_code()
    {
        var launcher = CopyOfLauncher();
        var path = BareFolder(dotnet: FakeSdk(launcher));

        var first = await RunAsync(launcher, path, "call", "two words", "*");
        var second = await RunAsync(launcher, path, "call", "two words", "*");

        (first.ExitCode, second.ExitCode).ShouldBe((7, 7));
        first.StandardError.ShouldContain("building itself");
        second.StandardError.ShouldBeEmpty();
        second.StandardOutput.ShouldBe("[call][two words][*]\n");
    }

    [Theory]
    [InlineData("tools/Kestrel/New.cs")]
    [InlineData("src/Contracts/New.cs")]
    [InlineData("Directory.Packages.props")]
    public async Task It_builds_again_when_a_source_is_added_or_changed(string source)
    {
        var launcher = CopyOfLauncher();
        var path = BareFolder(dotnet: FakeSdk(launcher));
        await RunAsync(launcher, path);
        await File.WriteAllTextAsync(folder[$"checkout/{source}"], "changed", Token);
        File.SetLastWriteTimeUtc(folder[$"checkout/{source}"], TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(2));

        (await RunAsync(launcher, path)).StandardError.ShouldContain("building itself");
    }

    [Fact]
    public async Task It_builds_again_when_a_source_is_deleted()
    {
        var launcher = CopyOfLauncher();
        var path = BareFolder(dotnet: FakeSdk(launcher));
        await RunAsync(launcher, path);
        File.Delete(folder["checkout/tools/Kestrel/Program.cs"]);

        (await RunAsync(launcher, path)).StandardError.ShouldContain("building itself");
    }

    [Fact]
    public async Task A_lock_whose_holder_is_gone_is_ignored()
    {
        var launcher = CopyOfLauncher();
        Directory.CreateDirectory(folder["checkout/tools/Kestrel/obj/launcher.lock"]);
        await File.WriteAllTextAsync(folder["checkout/tools/Kestrel/obj/launcher.lock/pid"], "999999999", Token);

        (await RunAsync(launcher, BareFolder(dotnet: FakeSdk(launcher)))).ExitCode.ShouldBe(7);
    }

    [Fact]
    public async Task Launchers_that_start_together_build_once()
    {
        var launcher = CopyOfLauncher();
        var path = BareFolder(dotnet: FakeSdk(launcher));

        var ran = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => RunAsync(launcher, path)));

        ran.ShouldAllBe(each => each.ExitCode == 7);
        ran.Count(each => each.StandardError.Contains("building itself", StringComparison.Ordinal)).ShouldBe(1);
    }

    [Fact]
    public async Task It_works_through_a_link_and_from_another_folder()
    {
        var launcher = CopyOfLauncher();
        Directory.CreateDirectory(folder["links"]);
        File.CreateSymbolicLink(folder["links/kestrel"], "../checkout/kestrel");

        (await RunAsync(folder["links/kestrel"], BareFolder(dotnet: FakeSdk(launcher)), "status")).StandardOutput.ShouldBe("[status]\n");
    }

    public void Dispose() => folder.Dispose();

    private static Task<Subprocess.Result> RunAsync(string launcher, string path, params string[] arguments) =>
        Subprocess.RunAsync(
            new("/bin/sh", [launcher, .. arguments])
            {
                WorkingDirectory = "/",
                Environment = new Dictionary<string, string?> { ["PATH"] = path, ["HOME"] = "/nonexistent", ["DOTNET_ROOT"] = null },
                Timeout = TimeSpan.FromSeconds(60),
            },
            Token);

    /// <summary>An SDK whose build makes the assembly and notes that it ran, and which quotes what it is asked to run.</summary>
    private static string FakeSdk(string launcher)
    {
        var output = Path.Combine(Path.GetDirectoryName(launcher)!, "tools/Kestrel/bin/Release/net10.0");
        return $$"""
            case $1 in
                --version) echo 10.0.1 ;;
                build) sleep 1; mkdir -p '{{output}}'; echo built > '{{output}}/kestrel.dll' ;;
                *) shift; for word in "$@"; do printf '[%s]' "$word"; done; echo; exit 7 ;;
            esac
            """;
    }

    private string CopyOfLauncher()
    {
        foreach (var source in new[] { "tools/Kestrel", "tools/LocalDapr", "tools/CallSimulator", "src/Contracts", "eng" })
            Directory.CreateDirectory(folder[$"checkout/{source}"]);
        foreach (var file in new[] { "tools/Kestrel/Program.cs", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json", ".editorconfig" })
            File.WriteAllText(folder[$"checkout/{file}"], "");
        File.Copy(Launcher, folder["checkout/kestrel"]);
        return folder["checkout/kestrel"];
    }

    /// <summary>A PATH with the few programs that the launcher needs, and the given dotnet or none.</summary>
    private string BareFolder(string? dotnet = null)
    {
        var bare = Directory.CreateDirectory(folder["bare"]).FullName;
        foreach (var tool in BareTools)
        {
            var real = new[] { "/bin", "/usr/bin" }.Select(place => Path.Combine(place, tool)).First(File.Exists);
            File.CreateSymbolicLink(Path.Combine(bare, tool), real);
        }

        if (dotnet is not null)
        {
            File.WriteAllText(Path.Combine(bare, "dotnet"), $"#!/bin/sh\n{dotnet}\n");
            File.SetUnixFileMode(Path.Combine(bare, "dotnet"), (UnixFileMode)0b111_101_101);
        }

        return bare;
    }
}
