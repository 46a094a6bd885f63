using System.Diagnostics;

namespace KestrelVoice.Features.Tests.Description;

/// <summary>A command-line tool from npm, as somebody runs it who integrates with us.</summary>
internal static class NodeTool
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public static string Modules { get; } = Path.Combine(Checkout.Root, "tests", "Oracles", "node_modules");

    public static async Task<string> RunAsync(string folder, string tool, params string[] arguments)
    {
        var script = Path.Combine(Modules, ".bin", tool);
        File.Exists(script).ShouldBeTrue("Run `npm ci` in tests/Oracles first.");
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(Patience);
        using var node = Process.Start(new ProcessStartInfo("node", [script, .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        try
        {
            var (output, errors) = (node.StandardOutput.ReadToEndAsync(timeout.Token), node.StandardError.ReadToEndAsync(timeout.Token));
            await node.WaitForExitAsync(timeout.Token);
            if (node.ExitCode != 0)
                Assert.Fail($"{tool} ended with {node.ExitCode}:\n{await output}\n{await errors}");
            return await output;
        }
        finally
        {
            if (!node.HasExited)
                node.Kill(entireProcessTree: true);
        }
    }
}
