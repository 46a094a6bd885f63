using System.Net;
using System.Text.Json;
using KestrelVoice.EndToEnd.Tests.Running;
using Npgsql;

namespace KestrelVoice.Bench.Reads;

/// <summary>The whole product with that many calls of one tenant.</summary>
internal sealed class SeededStack : IAsyncDisposable
{
    // A call has a row of 1.6 kB, its places in nine indexes and an event; the log of writing it comes and goes.
    private const long BytesACall = 3_500;
    private const long BytesAtLeast = 3_000_000_000;

    // Development adds pages for developers to every request.
    private static readonly Dictionary<string, string> AsDeployed = new() { ["ASPNETCORE_ENVIRONMENT"] = "Production", ["CustomerUrls__AllowInProduction"] = "true" };

    private readonly NpgsqlDataSource source;
    private readonly HttpClient client = new() { Timeout = TimeSpan.FromMinutes(2) };

    private SeededStack(Stack stack, NpgsqlDataSource source, Guid tenantId, long calls)
    {
        Stack = stack;
        this.source = source;
        TenantId = tenantId;
        Calls = calls;
    }

    public Stack Stack { get; }
    public Guid TenantId { get; }
    public long Calls { get; }
    public string Size => Sizes.Text(Calls);
    public NpgsqlDataSource Database => source;

    /// <summary>How often calls were told of beside those of the seed.</summary>
    public int Ingested { get; set; }

    public static async Task<SeededStack> StartAsync(long calls, CancellationToken cancellationToken)
    {
        var free = new DriveInfo(Path.GetTempPath()).AvailableFreeSpace;
        if (free < BytesAtLeast + (calls * BytesACall))
            throw new InvalidOperationException($"{Sizes.Text(calls)} calls need about {(BytesAtLeast + (calls * BytesACall)) >> 30} GB, and {free >> 30} GB are free in {Path.GetTempPath()}.");
        var stack = await Stack.StartAsync(AsDeployed, cancellationToken);
        var source = NpgsqlDataSource.Create(stack.DatabaseConnectionString);
        var seeded = new SeededStack(stack, source, Guid.Parse(stack.Demo.TenantId), calls);
        try
        {
            await new CallSeed(source, seeded.TenantId, calls).PlantAsync(cancellationToken);
            return seeded;
        }
        catch
        {
            await seeded.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks once, to see whether and how it is answered.</summary>
    public async Task<(HttpStatusCode Status, string? ETag, JsonElement Body)> AskAsync(string path, CancellationToken cancellationToken)
    {
        using var request = Stack.Request(HttpMethod.Get, path);
        using var response = await client.SendAsync(request, cancellationToken);
        return (response.StatusCode, response.Headers.ETag?.ToString(), JsonElement.Parse(await response.Content.ReadAsStringAsync(cancellationToken)));
    }

    /// <param name="paths">Taken in turn.</param>
    public Probe ByKey(string name, IEnumerable<string> paths) => Of(name, paths, "X-API-Key", Stack.Demo.ApiKey);

    public Probe Of(string name, IEnumerable<string> paths, string header, string value) => new(
        name, [.. paths.Select(path => new Uri(Stack.HostUrl, path))], new Dictionary<string, string> { [header] = value }, Stack.Host.Id, Stack.PostgresProcessId);

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await source.DisposeAsync();
        await Stack.DisposeAsync();
    }
}
