using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KestrelVoice.LocalDapr.Tests.Harness;

namespace KestrelVoice.LocalDapr.Tests.Oracles;

/// <summary>Scripts of <c>tests/Oracles</c>, run by Node against the stock npm packages pinned there.</summary>
internal sealed class NodeOracle : IAsyncDisposable
{
    private static readonly SemaphoreSlim s_installing = new(1, 1);
    private readonly Process _node;
    private readonly List<JsonElement> _lines = [];
    private readonly List<string> _errors = [];

    private NodeOracle(Process node)
    {
        _node = node;
        node.OutputDataReceived += (_, line) => Hear(line.Data);
        node.ErrorDataReceived += (_, line) => Complain(line.Data);
        node.BeginOutputReadLine();
        node.BeginErrorReadLine();
    }

    public IReadOnlyList<JsonElement> Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    public string Errors
    {
        get
        {
            lock (_errors)
                return string.Join('\n', _errors);
        }
    }

    private static string Folder => Path.Combine(Checkout.Root, "tests", "Oracles");

    public static async Task<NodeOracle> StartAsync(string script, params string[] arguments)
    {
        await InstallAsync();
        return new NodeOracle(Process.Start(new ProcessStartInfo("node", [script, .. arguments])
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!);
    }

    /// <summary>Runs a script to its end and returns the last line it printed.</summary>
    public static async Task<JsonElement> AskAsync(string script, params string[] arguments)
    {
        await using var oracle = await StartAsync(script, arguments);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        await oracle._node.WaitForExitAsync(patience.Token);
        oracle._node.ExitCode.ShouldBe(0, oracle.Errors);
        return oracle.Lines[^1];
    }

    public async ValueTask DisposeAsync()
    {
        if (!_node.HasExited)
            _node.Kill(entireProcessTree: true);
        await _node.WaitForExitAsync(CancellationToken.None);
        _node.Dispose();
    }

    // Test programs run side by side, so a file keeps the second from installing into the first one's folder.
    private static async Task InstallAsync()
    {
        await s_installing.WaitAsync(TestContext.Current.CancellationToken);
        try
        {
            var name = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(Folder)).AsSpan(0, 8));
            var lockFile = Path.Combine(Path.GetTempPath(), $"kestrel-oracles-{name}.lock");
            FileStream? held = null;
            await Poll.Until(
                () => Task.FromResult(IsInstalled || (held = TryLock(lockFile)) is not null), () => "another test program to install the oracles", TimeSpan.FromMinutes(5));
            await using (held)
            {
                if (IsInstalled)
                    return;
                using var npm = Process.Start(new ProcessStartInfo(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci", "--no-audit", "--no-fund"]) { WorkingDirectory = Folder })!;
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
                patience.CancelAfter(TimeSpan.FromMinutes(5));
                await npm.WaitForExitAsync(patience.Token);
                npm.ExitCode.ShouldBe(0, "npm ci failed in tests/Oracles");
            }
        }
        finally
        {
            s_installing.Release();
        }
    }

    // npm writes this file last.
    private static bool IsInstalled => File.Exists(Path.Combine(Folder, "node_modules", ".package-lock.json"));

    private static FileStream? TryLock(string file)
    {
        try
        {
            return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void Hear(string? line)
    {
        if (line is null || !line.StartsWith('{'))
            return;
        lock (_lines)
            _lines.Add(JsonSerializer.Deserialize<JsonElement>(line));
    }

    private void Complain(string? line)
    {
        if (line is null)
            return;
        lock (_errors)
            _errors.Add(line);
    }
}
