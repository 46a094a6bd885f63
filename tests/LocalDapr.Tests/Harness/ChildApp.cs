using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace KestrelVoice.LocalDapr.Tests.Harness;

/// <summary>An app in a process of its own: writes every event id it takes to a diary.</summary>
internal static class ChildApp
{
    public static async Task<int> RunAsync(string diary, string topic)
    {
        var port = int.Parse(Environment.GetEnvironmentVariable("APP_PORT")!, System.Globalization.CultureInfo.InvariantCulture);
        await File.AppendAllTextAsync(diary + ".environment", string.Concat(Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Select(entry => $"{entry.Key}={entry.Value}\n")) + $"PWD_IS={Environment.CurrentDirectory}\nPID_IS={Environment.ProcessId}\n");
        var gate = new Lock();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(options => options.ListenLocalhost(port));
        var app = builder.Build();
        app.MapGet("/dapr/subscribe", () => new[] { new { pubsubname = "pubsub", topic, route = "/events" } });
        app.MapGet("/health", () => Results.Ok());
        app.MapPost("/events", async (HttpRequest request) =>
        {
            var envelope = await JsonSerializer.DeserializeAsync<JsonElement>(request.Body);
            lock (gate)
                File.AppendAllText(diary, envelope.GetProperty("id").GetString() + "\n");
        });
        await app.StartAsync();
        Console.WriteLine("the app says hello");
        await app.WaitForShutdownAsync();
        await File.AppendAllTextAsync(diary + ".environment", "LEFT_GRACEFULLY=yes\n");
        return 0;
    }
}
