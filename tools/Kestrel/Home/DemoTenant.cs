using System.Text.Json;

namespace KestrelVoice.Cli.Home;

/// <summary>The seeded tenant and how to sign in to it. Kept, because the host stores only hashes.</summary>
internal sealed record DemoTenant
{
    public required string TenantId { get; init; }

    public required string Email { get; init; }

    public required string Password { get; init; }

    public required string ApiKey { get; init; }

    public required string PhoneNumber { get; init; }

    /// <summary>Which database it was seeded into; another one needs seeding again.</summary>
    public string? Database { get; init; }

    public static DemoTenant? Read(KestrelHome home, string database) =>
        PrivateFile.ReadJson<DemoTenant>(home.DemoFile) is { } known && known.Database == database ? known : null;

    /// <param name="printed">What <c>seed-demo</c> wrote on standard output: one JSON line.</param>
    /// <param name="database">Where it was seeded.</param>
    public static DemoTenant Parse(string printed, string database)
    {
        var line = printed.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault(text => text.StartsWith('{'));
        try
        {
            return JsonSerializer.Deserialize<DemoTenant>(line ?? "", PrivateFile.Json)! with { Database = database };
        }
        catch (JsonException problem)
        {
            // Not quoted: it may hold the password.
            throw new KestrelException("The host seeded the demo tenant but did not say how to sign in.", problem);
        }
    }

    public void Write(KestrelHome home) => PrivateFile.WriteJson(home.DemoFile, this);
}
