using System.Diagnostics;
using System.Text.Json;

namespace KestrelVoice.Features.Tests.Identity;

/// <summary>The stock npm <c>@supabase/supabase-js</c> and <c>@supabase/ssr</c>, in a process of their own.</summary>
internal static class SupabaseOracle
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    public static async Task<JsonElement> PlayAsync(object scenario, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(Checkout.Root, "tests", "Oracles");
        Directory.Exists(Path.Combine(folder, "node_modules", "@supabase", "ssr")).ShouldBeTrue("Run `npm ci` in tests/Oracles first.");
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        var start = new ProcessStartInfo("node", ["supabase/oracle.mjs"])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var node = Process.Start(start)!;
        try
        {
            var output = node.StandardOutput.ReadToEndAsync(timeout.Token);
            var errors = node.StandardError.ReadToEndAsync(timeout.Token);
            await JsonSerializer.SerializeAsync(node.StandardInput.BaseStream, scenario, JsonSerializerOptions.Web, timeout.Token);
            node.StandardInput.Close();
            await node.WaitForExitAsync(timeout.Token);
            node.ExitCode.ShouldBe(0, await errors);
            return JsonDocument.Parse(await output).RootElement;
        }
        finally
        {
            if (!node.HasExited)
                node.Kill(entireProcessTree: true);
        }
    }
}
