using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using KestrelVoice.EndToEnd.Tests.Running;
using Npgsql;

namespace KestrelVoice.Bench.Reads;

/// <summary>The same page from the same tables by what others build with, each in production mode in a process of its own: <c>bench/peers</c>.</summary>
internal sealed class Peers : IAsyncDisposable
{
    private const string FirstPage = "/api/call-logs?limit=20";
    private readonly List<(string Name, ManagedProcess Process, Uri Url)> running = [];
    private readonly byte[] secret = RandomNumberGenerator.GetBytes(32);
    private readonly SeededStack stack;

    private Peers(SeededStack stack) => this.stack = stack;

    /// <summary>Starts those that <c>bench/reads.sh</c> has built.</summary>
    public static async Task<Peers> StartAsync(SeededStack stack, CancellationToken cancellationToken)
    {
        var peers = new Peers(stack);
        try
        {
            var next = Folder("next");
            if (File.Exists(Path.Combine(next, ".next", "BUILD_ID")))
                await peers.AddAsync("Next.js", next, port => ["node_modules/next/dist/bin/next", "start", "-p", $"{port}", "-H", "127.0.0.1"], cancellationToken);
            var fastify = Folder("fastify");
            if (Directory.Exists(Path.Combine(fastify, "node_modules")))
                await peers.AddAsync("Fastify", fastify, _ => ["server.mjs"], cancellationToken);
            return peers;
        }
        catch
        {
            await peers.DisposeAsync();
            throw;
        }
    }

    /// <summary>Null when it is not built.</summary>
    public Probe? Find(string name) => running.Where(peer => peer.Name == name).Select(peer => new Probe(
        name, [new Uri(peer.Url, FirstPage)], new Dictionary<string, string> { ["Cookie"] = Cookie() }, peer.Process.Id, stack.Stack.PostgresProcessId)).SingleOrDefault();

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, process, _) in running)
            await process.DisposeAsync();
    }

    private async Task AddAsync(string name, string folder, Func<int, IReadOnlyList<string>> arguments, CancellationToken cancellationToken)
    {
        var port = Ports.Take();
        var database = new NpgsqlConnectionStringBuilder(stack.Stack.DatabaseConnectionString);
        var process = new ManagedProcess(name, "node", arguments(port), folder, new Dictionary<string, string>
        {
            ["NODE_ENV"] = "production",
            ["NEXT_TELEMETRY_DISABLED"] = "1",
            ["PORT"] = $"{port}",
            ["PUBLIC_URL"] = stack.Stack.HostUrl.GetLeftPart(UriPartial.Authority),
            ["JWT_SECRET"] = Convert.ToHexString(secret),
            ["PGHOST"] = database.Host!,
            ["PGPORT"] = $"{database.Port}",
            ["PGUSER"] = database.Username!,
            ["PGPASSWORD"] = database.Password!,
            ["PGDATABASE"] = database.Database!,
        });
        process.Start();
        running.Add((name, process, new Uri($"http://127.0.0.1:{port}")));
        using var client = new HttpClient();
        await Eventually.Is(async () =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(running[^1].Url, FirstPage)) { Headers = { { "Cookie", Cookie() } } };
            using var response = await client.SendAsync(request, cancellationToken);
            return response.IsSuccessStatusCode;
        }, TimeSpan.FromSeconds(60), () => process.Log, cancellationToken);
    }

    // Signed with HS256, for longer than a run takes.
    private string Cookie()
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var signed = Encode("{\"alg\":\"HS256\",\"typ\":\"JWT\"}") + "." + Encode(JsonSerializer.Serialize(new { tenant_id = stack.TenantId, iat = now, exp = now + 86_400 }));
        var key = Encoding.ASCII.GetBytes(Convert.ToHexString(secret));
        return $"session={signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(signed)))}";

        static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
    }

    private static string Folder(string name) => Path.Combine(Checkout.Root, "bench", "peers", name);
}
