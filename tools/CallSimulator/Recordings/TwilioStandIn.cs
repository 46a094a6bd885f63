using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using KestrelVoice.CallSimulator.Texts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.CallSimulator.Recordings;

/// <summary>
/// The part of Twilio's REST API that serves and deletes recordings and tells how calls stand, from a folder that simulated calls write to, and takes texts;
/// over loopback.
/// </summary>
public sealed partial class TwilioStandIn : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly MessagesResource messages;

    private TwilioStandIn(WebApplication app, MessagesResource messages) => (this.app, this.messages) = (app, messages);

    /// <summary>What an app takes for <c>https://api.twilio.com</c>.</summary>
    public Uri BaseUrl => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    /// <summary>Texts that were taken, oldest first; the last thousand.</summary>
    public IReadOnlyList<SentText> Texts => messages.Sent;

    /// <summary>From now on no text is taken to that number, as if its owner had replied STOP.</summary>
    public void OptOut(string number) => messages.OptOut(number);

    /// <summary>Starts to listen.</summary>
    /// <param name="folder">Where the recordings are; need not exist yet.</param>
    /// <param name="accountSid">The only account there is.</param>
    /// <param name="authToken">Its token.</param>
    /// <param name="port">0 takes a free one.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    public static async Task<TwilioStandIn> StartAsync(
        string folder, string accountSid, string authToken, int port = 0, CancellationToken cancellationToken = default)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{accountSid}:{authToken}"));
        app.Use((context, next) => Known(context.Request, credentials)
            ? next(context)
            : TwilioError.WriteAsync(context, StatusCodes.Status401Unauthorized, 20003, "Authenticate"));
        app.UseRouting();
        app.MapMethods("/2010-04-01/Accounts/{account}/Recordings/{name}", ["GET", "HEAD"], (HttpContext context) => ServeAsync(context, folder, accountSid));
        app.MapDelete("/2010-04-01/Accounts/{account}/Recordings/{name}", (HttpContext context) => DeleteAsync(context, folder, accountSid));
        app.MapGet("/2010-04-01/Accounts/{account}/Calls/{name}", (HttpContext context) => TellOfCallAsync(context, folder, accountSid));
        app.MapGet("/2010-04-01/Accounts/{account}/Calls/{sid}/Recordings.json", (HttpContext context) => ListRecordingsAsync(context, folder, accountSid));
        var messages = new MessagesResource(accountSid, TimeProvider.System);
        messages.Map(app);
        app.MapFallback(NotFound);
        await app.StartAsync(cancellationToken);
        return new TwilioStandIn(app, messages);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static bool Known(HttpRequest request, string credentials) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(request.Headers.Authorization.ToString())),
        SHA256.HashData(Encoding.UTF8.GetBytes("Basic " + credentials)));

    private static async Task ServeAsync(HttpContext context, string folder, string accountSid)
    {
        var name = RecordingName.Match((string)context.Request.RouteValues["name"]!);
        var path = name.Groups["as"].Value == ".json"
            ? RecordingFile.Metadata(folder, name.Groups["sid"].Value)
            : RecordingFile.Sound(folder, name.Groups["sid"].Value);
        if (!name.Success || (string?)context.Request.RouteValues["account"] != accountSid || !File.Exists(path))
        {
            await NotFound(context);
            return;
        }

        var type = path.EndsWith(".json", StringComparison.Ordinal) ? "application/json" : "audio/x-wav";
        await TypedResults.PhysicalFile(Path.GetFullPath(path), type, enableRangeProcessing: true).ExecuteAsync(context);
    }

    private static async Task TellOfCallAsync(HttpContext context, string folder, string accountSid)
    {
        var name = CallName.Match((string)context.Request.RouteValues["name"]!);
        var path = CallFile.Path(folder, name.Groups["sid"].Value);
        if (!name.Success || (string?)context.Request.RouteValues["account"] != accountSid || !File.Exists(path))
            await NotFound(context);
        else
            await TypedResults.PhysicalFile(Path.GetFullPath(path), "application/json").ExecuteAsync(context);
    }

    private static async Task ListRecordingsAsync(HttpContext context, string folder, string accountSid)
    {
        var callSid = (string)context.Request.RouteValues["sid"]!;
        if ((string?)context.Request.RouteValues["account"] != accountSid || !CallName.IsMatch(callSid + ".json"))
        {
            await NotFound(context);
            return;
        }
        var recordings = await RecordingFile.OfCallAsync(folder, callSid, context.RequestAborted);
        var uri = context.Request.Path + "?PageSize=50&Page=0";
        await TypedResults.Json(new Dictionary<string, object?>
        {
            ["end"] = Math.Max(recordings.Count - 1, 0),
            ["first_page_uri"] = uri,
            ["next_page_uri"] = null,
            ["page"] = 0,
            ["page_size"] = 50,
            ["previous_page_uri"] = null,
            ["recordings"] = recordings,
            ["start"] = 0,
            ["uri"] = uri,
        }).ExecuteAsync(context);
    }

    private static async Task DeleteAsync(HttpContext context, string folder, string accountSid)
    {
        var name = RecordingName.Match((string)context.Request.RouteValues["name"]!);
        var sound = RecordingFile.Sound(folder, name.Groups["sid"].Value);
        if (!name.Success || (string?)context.Request.RouteValues["account"] != accountSid || !File.Exists(sound))
        {
            await NotFound(context);
            return;
        }

        File.Delete(sound);
        File.Delete(RecordingFile.Metadata(folder, name.Groups["sid"].Value));
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static Task NotFound(HttpContext context) => TwilioError.WriteAsync(
        context, StatusCodes.Status404NotFound, 20404, $"The requested resource {context.Request.Path} was not found");

    [GeneratedRegex(@"^(?<sid>RE[0-9a-f]{32})(?<as>\.wav|\.json)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex RecordingName { get; }

    [GeneratedRegex(@"^(?<sid>CA[0-9a-f]{32})\.json\z", RegexOptions.ExplicitCapture)]
    private static partial Regex CallName { get; }
}
