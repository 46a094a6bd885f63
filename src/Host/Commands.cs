using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Demo;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Host;

/// <summary>What the host does besides serving.</summary>
internal static class Commands
{
    public static Func<WebApplicationBuilder, Task<int>>? Find(string[] args) => args switch
    {
        ["migrate"] => MigrateAsync,
        ["seed-demo", .. var options] => builder => SeedDemoAsync(builder, options.Contains("--demo-data")),
        [{ } word, ..] when !word.StartsWith('-') => _ => throw new ArgumentException($"'{word}' is not a command. There are: migrate, seed-demo."),
        _ => null,
    };

    private static async Task<int> MigrateAsync(WebApplicationBuilder builder)
    {
        var owner = Required(builder.Configuration, "Migrations");
        var app = Required(builder.Configuration, "Kestrel");
        await using var host = builder.Build();
        var logger = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("KestrelVoice.Migrations");
        await Migrations.RunAsync(owner, app, logger, host.Lifetime.ApplicationStopping);
        return 0;
    }

    private static async Task<int> SeedDemoAsync(WebApplicationBuilder builder, bool withCalls)
    {
        await using var host = builder.Build();
        var seeded = await DemoSeed.RunAsync(host.Services, withCalls, host.Lifetime.ApplicationStopping);
#pragma warning disable RS0030 // The one line of output that this command exists for; everything else goes to stderr.
        await Console.Out.WriteLineAsync(JsonSerializer.Serialize(seeded, ContractJson.Options));
#pragma warning restore RS0030
        return 0;
    }

    private static string Required(IConfiguration configuration, string name) =>
        configuration.GetConnectionString(name) ?? throw new InvalidOperationException($"ConnectionStrings:{name} is not configured.");
}
