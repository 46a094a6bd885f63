using System.Diagnostics;
using System.Text.RegularExpressions;

namespace KestrelVoice.Features.Tests.Appointments;

/// <summary>The host as a process of its own, on the database of a test: it can be killed.</summary>
internal sealed partial class HostProcess : IAsyncDisposable
{
    private readonly Process process;

    private HostProcess(Process process, Uri address) => (this.process, Address) = (process, address);

    public Uri Address { get; }

    public static async Task<HostProcess> StartAsync(KestrelVoiceApp app)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "KestrelVoice.Host.dll")])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = AppContext.BaseDirectory,
            Environment =
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Production",
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                ["ConnectionStrings__Kestrel"] = app.Database.App,
                ["APP_API_TOKEN"] = KestrelVoiceApp.SidecarToken,
                ["Auth__PublicUrl"] = "https://api.example.test",
                ["DAPR_GRPC_ENDPOINT"] = "http://127.0.0.1:9",
                ["Encryption__Keys__0"] = "test:" + Convert.ToBase64String(new byte[32]),
                ["Outbox__Relay"] = "false",
                ["RateLimits__Business"] = "1000000",
                ["Twilio__ApiBaseUrl"] = "http://127.0.0.1:9",
            },
        };
        var process = Process.Start(start)!;
        var listening = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        var said = new List<string>();
        process.ErrorDataReceived += (_, line) =>
        {
            said.Add(line.Data ?? "");
            if (Listening().Match(line.Data ?? "") is { Success: true } match)
                listening.TrySetResult(new Uri(match.Value));
        };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        try
        {
            return new HostProcess(process, await listening.Task.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        }
        catch (TimeoutException late)
        {
            process.Kill();
            throw new InvalidOperationException("The host did not start: " + string.Join('\n', said), late);
        }
    }

    /// <summary>As the kernel does it when memory is short: nothing is finished.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            await KillAsync();
        process.Dispose();
    }

    [GeneratedRegex(@"(?<=Now listening on: )http://127\.0\.0\.1:\d+")]
    private static partial Regex Listening();
}
