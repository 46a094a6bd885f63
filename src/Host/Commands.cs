using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Host;

/// <summary>What the host does besides serving.</summary>
internal static class Commands
{
    public static Func<WebApplicationBuilder, Task<int>>? Find(string[] args) => args switch
    {
        ["migrate", ..] => MigrateAsync,
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

    private static string Required(IConfiguration configuration, string name) =>
        configuration.GetConnectionString(name) ?? throw new InvalidOperationException($"ConnectionStrings:{name} is not configured.");
}
