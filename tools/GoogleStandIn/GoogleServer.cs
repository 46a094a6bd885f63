using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.GoogleStandIn;

/// <summary>
/// Google's sign-in, token endpoint and Calendar API (v3) over loopback and in memory: what an app takes for accounts.google.com,
/// oauth2.googleapis.com and www.googleapis.com.
/// </summary>
public sealed class GoogleServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly World world;
    private readonly ConcurrentQueue<string> requests = new();

    private GoogleServer(WebApplication app, World world) => (this.app, this.world) = (app, world);

    /// <summary>The base of every address.</summary>
    public Uri Url => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>While set, everything answers 503.</summary>
    public bool IsDown { get; set; }

    /// <summary>What was asked so far, as method and path.</summary>
    public IReadOnlyCollection<string> Requests => requests;

    /// <summary>Starts to listen.</summary>
    /// <param name="options">Whom it serves.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    public static async Task<GoogleServer> StartAsync(GoogleServerOptions options, CancellationToken cancellationToken = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{options.Port}"));
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new GoogleServer(app, new World(options));
        app.Use(server.AnswerAsync);
        app.UseRouting();
        SignInRoutes.Map(app, server.world);
        TokenRoutes.Map(app, server.world);
        CalendarRoutes.Map(app, server.world);
        EventRoutes.Map(app, server.world);
        LookRoutes.Map(app, server.world);
        await app.StartAsync(cancellationToken);
        return server;
    }

    /// <summary>Somebody with a Google account, and a calendar of their own.</summary>
    /// <param name="email">Also the calendar's id.</param>
    /// <param name="timeZone">The calendar's, by its IANA name.</param>
    public GoogleUser AddUser(string email, string timeZone) => world.AddUser(email, timeZone);

    /// <summary>No sync token that was given so far works any more.</summary>
    public void ForgetSyncTokens() => world.ForgetSyncTokens();

    /// <summary>No access token that was given so far works any more; refresh tokens do.</summary>
    public void EndAccessTokens() => world.Grants.EndAccessTokens();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        requests.Enqueue($"{context.Request.Method} {context.Request.Path}");
        try
        {
            if (IsDown)
                throw new RefusalException(StatusCodes.Status503ServiceUnavailable, "backendError", "Backend Error");
            await next(context);
        }
        catch (RefusalException refusal)
        {
            await ErrorBody.WriteAsync(context, refusal);
        }
    }
}
