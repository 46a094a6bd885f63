using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.Bench;

/// <summary>The bare endpoint in a process of its own, so that it shares nothing with the load.</summary>
internal sealed class BareProcess(ManagedProcess process, Uri url) : IAsyncDisposable
{
    public Uri Url => url;

    public int Id => process.Id;

    public static async Task<BareProcess> StartAsync(Stack stack, Guid tenantId, CancellationToken cancellationToken)
    {
        var port = Ports.Take();
        var process = new ManagedProcess(
            "bare", "dotnet", [typeof(BareProcess).Assembly.Location, "bare", stack.DatabaseConnectionString, $"{tenantId}", $"{port}"],
            AppContext.BaseDirectory, new Dictionary<string, string>());
        process.Start();
        var url = new Uri($"http://127.0.0.1:{port}");
        using var client = new HttpClient();
        try
        {
            await Eventually.Is(async () =>
            {
                using var response = await client.GetAsync(new Uri(url, "/ready"), cancellationToken);
                return response.IsSuccessStatusCode;
            }, TimeSpan.FromSeconds(30), () => process.Log, cancellationToken);
            return new BareProcess(process, url);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
