using System.Text.Json;
using FluentValidation;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Analytics;
using KestrelVoice.Features.Demo;
using KestrelVoice.Features.Kernel;
using KestrelVoice.Features.Routing;
using MediatR;

namespace KestrelVoice.Host;

/// <summary>What the host does besides serving.</summary>
internal static class Commands
{
    public static Func<WebApplicationBuilder, Task<int>>? Find(string[] args) => args switch
    {
        ["migrate"] => MigrateAsync,
        ["seed-demo", .. var options] => builder => SeedDemoAsync(builder, options.Contains("--demo-data")),
        ["tenant-plan", { } tenant] => builder => PlanAsync(builder, tenant, plan: null),
        ["tenant-plan", { } tenant, { } plan] => builder => PlanAsync(builder, tenant, plan),
        ["analytics-check", .. var options] => builder => CheckAnalyticsAsync(builder, options),
        [{ } word, ..] when !word.StartsWith('-') => _ => RefuseAsync(word),
        _ => null,
    };

#pragma warning disable RS0030 // Commands speak to whoever typed them; seed-demo's one line on stdout is read by programs, so all else goes to stderr.
    private static async Task<int> RefuseAsync(string word)
    {
        await Console.Error.WriteLineAsync($"'{word}' is not a command. There are: migrate, seed-demo [--demo-data], tenant-plan TENANT [PLAN], analytics-check [--tenant TENANT] [--repair]; without one, the host serves.");
        return 64;
    }

    private static async Task<int> FailAsync(string line)
    {
        await Console.Error.WriteLineAsync(line);
        return 1;
    }

    private static Task PrintAsync(string line) => Console.Out.WriteLineAsync(line);
#pragma warning restore RS0030

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
        await PrintAsync(JsonSerializer.Serialize(seeded, ContractJson.Options));
        return 0;
    }

    private static async Task<int> PlanAsync(WebApplicationBuilder builder, string tenant, string? plan)
    {
        await using var host = builder.Build();
        await using var scope = host.Services.CreateAsyncScope();
        try
        {
            var mediator = scope.ServiceProvider.GetRequiredService<IMediator>();
            var now = await mediator.Send(new ChangePlan.Command(tenant, plan), host.Lifetime.ApplicationStopping);
            if (now is null)
                return await FailAsync($"There is no tenant '{tenant}'.");
            await PrintAsync(JsonSerializer.Serialize(now, ContractJson.Options));
            return 0;
        }
        catch (ValidationException refused)
        {
            return await FailAsync(string.Join('\n', refused.Errors.Select(error => error.ErrorMessage)));
        }
    }

    // 1 as long as anything is off, so that a script that runs this notices.
    private static async Task<int> CheckAnalyticsAsync(WebApplicationBuilder builder, string[] options)
    {
        string[] rest = [.. options.Where(option => option != "--repair")];
        if (rest is not ([] or ["--tenant", _]))
            return await FailAsync("analytics-check takes --tenant TENANT and --repair.");
        await using var host = builder.Build();
        await using var scope = host.Services.CreateAsyncScope();
        try
        {
            var mediator = scope.ServiceProvider.GetRequiredService<IMediator>();
            var checkedNow = await mediator.Send(
                new CheckAnalytics.Command(rest is [_, var tenant] ? tenant : null, Repair: rest.Length < options.Length), host.Lifetime.ApplicationStopping);
            if (checkedNow is null)
                return await FailAsync($"There is no tenant '{rest[1]}'.");
            await PrintAsync(JsonSerializer.Serialize(checkedNow, ContractJson.Options));
            return checkedNow is { Differences: > 0, Repaired: false } ? 1 : 0;
        }
        catch (ValidationException refused)
        {
            return await FailAsync(string.Join('\n', refused.Errors.Select(error => error.ErrorMessage)));
        }
    }

    private static string Required(IConfiguration configuration, string name) =>
        configuration.GetConnectionString(name) ?? throw new InvalidOperationException($"ConnectionStrings:{name} is not configured.");
}
