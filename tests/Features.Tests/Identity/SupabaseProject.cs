using System.Net;
using System.Text.Json.Nodes;
using KestrelVoice.Features.Identity.Embedded;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Tests.Identity;

/// <summary>As much of a hosted Supabase project as the host talks to: its keys, its password grant, its sign-out.</summary>
internal sealed class SupabaseProject : IAsyncDisposable
{
    internal const string Key = "sb_publishable_of_the_project";
    internal const string Password = "the project knows it";

    private readonly WebApplication app;
    private readonly SigningKey signing = SigningKey.Create();

    private SupabaseProject()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        app = builder.Build();
        app.MapGet("/auth/v1/.well-known/jwks.json", () => Results.Content($$"""{"keys":[{{signing.PublicJwk}}]}""", "application/json"));
        app.MapPost("/auth/v1/token", TokenAsync);
        app.MapPost("/auth/v1/logout", (HttpRequest request) =>
        {
            SignedOut.Add(request.Headers.Authorization.ToString());
            return Results.NoContent();
        });
    }

    internal string Url => app.Urls.First();

    internal Guid UserId { get; } = Guid.CreateVersion7(KestrelVoiceApp.Noon);

    internal List<string> SignedOut { get; } = [];

    /// <summary>What the password grant answers instead, when it is not 200.</summary>
    internal int Status { get; set; } = StatusCodes.Status200OK;

    internal static async Task<SupabaseProject> StartAsync()
    {
        var project = new SupabaseProject();
        await project.app.StartAsync(TestContext.Current.CancellationToken);
        return project;
    }

    internal string AccessToken() => signing.Sign(Claims());

    internal JsonObject Claims() => new()
    {
        ["iss"] = Url + "/auth/v1",
        ["sub"] = UserId.ToString(),
        ["aud"] = "authenticated",
        ["exp"] = KestrelVoiceApp.Noon.ToUnixTimeSeconds() + 3600,
        ["iat"] = KestrelVoiceApp.Noon.ToUnixTimeSeconds(),
        ["email"] = "someone@project.example",
        ["role"] = "authenticated",
        ["session_id"] = Guid.CreateVersion7(KestrelVoiceApp.Noon).ToString(),
        ["is_anonymous"] = false,
    };

    private async Task<IResult> TokenAsync(HttpRequest request)
    {
        var body = (await JsonNode.ParseAsync(request.Body, cancellationToken: request.HttpContext.RequestAborted))!;
        if (request.Headers["apikey"] != Key || request.Query["grant_type"] != "password")
            return Results.StatusCode(StatusCodes.Status404NotFound);
        if (Status != StatusCodes.Status200OK)
            return Results.StatusCode(Status);
        if ((string?)body["password"] != Password)
            return Results.Json(
                new { code = "invalid_credentials", message = "Invalid login credentials" }, statusCode: StatusCodes.Status400BadRequest);
        return Results.Content(
            new JsonObject
            {
                ["access_token"] = AccessToken(),
                ["token_type"] = "bearer",
                ["expires_in"] = 3600,
                ["expires_at"] = KestrelVoiceApp.Noon.ToUnixTimeSeconds() + 3600,
                ["refresh_token"] = "abcdefghijkl",
                ["user"] = new JsonObject { ["id"] = UserId.ToString() },
            }.ToJsonString(), "application/json");
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        signing.Dispose();
    }
}
