using System.Security.Cryptography;
using KestrelVoice.Cli.Home;
using KestrelVoice.Cli.Machine;
using KestrelVoice.Cli.Output;
using KestrelVoice.Cli.Processes;

namespace KestrelVoice.Cli.Testing;

/// <summary>The third-party clients that the tests run in Node.</summary>
internal sealed class Oracles(KestrelHome home, Steps steps)
{
    private string Folder => Path.Combine(home.Checkout, "tests", "Oracles");

    private string Stamp => Path.Combine(Folder, "node_modules", ".kestrel-installed");

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var node = await NodeJs.FindAsync(cancellationToken);
        if (node is null && DebianPackages.CanInstall)
        {
            await steps.RunAsync(
                "Installing Node", step => DebianPackages.InstallAsync(["nodejs", "npm"], line => step.Now = line, cancellationToken), cancellationToken);
            node = await NodeJs.FindAsync(cancellationToken);
        }

        if (node is { Major: < NodeJs.OldestMajor } old)
            node = await steps.RunAsync("Fetching a newer Node", _ => NodeJs.FetchAsync(Path.Combine(home.State, "node"), cancellationToken), cancellationToken) ?? old;

        if (node is null)
            throw new KestrelException($"Node {NodeJs.OldestMajor} or newer, with npm, is needed: tests run other people's clients in it. Get it: {HowToGet.Node}");
        if (node.Major < NodeJs.OldestMajor)
            throw new KestrelException($"Node {node.Version} is too old for the tests, {NodeJs.OldestMajor} is needed. Get it: {HowToGet.Node}");

        var wanted = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(Folder, "package-lock.json"), cancellationToken)));
        if (File.Exists(Stamp) && await File.ReadAllTextAsync(Stamp, cancellationToken) == wanted)
            return;
        await steps.RunAsync("Fetching the clients that check us (npm ci)", step => InstallAsync(step, cancellationToken), cancellationToken);
        await File.WriteAllTextAsync(Stamp, wanted, cancellationToken);
    }

    private async Task InstallAsync(Steps.Step step, CancellationToken cancellationToken)
    {
        var installed = await Subprocess.RunAsync(
            new(NodeJs.Npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"])
            {
                WorkingDirectory = Folder,
                Timeout = TimeSpan.FromMinutes(10),
                OnLine = line => step.Now = line,
            },
            cancellationToken);
        if (!installed.Succeeded)
            throw new KestrelException($"npm ci failed in tests/Oracles:\n{string.Join('\n', installed.Output.Split('\n').TakeLast(20))}");
    }
}
