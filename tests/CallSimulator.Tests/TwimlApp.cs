using System.Collections.Concurrent;
using System.Text;
using KestrelVoice.CallSimulator.Callers;
using KestrelVoice.CallSimulator.Scripts;
using KestrelVoice.CallSimulator.Webhooks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.CallSimulator.Tests;

/// <summary>A voice app whose answers a test writes down, path by path; it keeps what it was asked.</summary>
internal sealed class TwimlApp : IAsyncDisposable
{
    public const string AccountSid = "AC00001111222233334444555566667777";
    public const string AuthToken = "6f1c2b9e4d8a4b17a0c3e5f7d9b1a2c4";
    public static readonly DateTimeOffset Morning = new(2026, 3, 2, 17, 30, 0, TimeSpan.Zero);

    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, Func<HttpContext, Task>> answers = new();
    private readonly ConcurrentQueue<Received> requests = new();

    private TwimlApp(WebApplication app) => this.app = app;

    public sealed record Received(string Path, string Method, string RawTarget, IReadOnlyDictionary<string, string> Headers, IReadOnlyDictionary<string, string> Form)
    {
        public string? this[string field] => Form.GetValueOrDefault(field);
    }

    public string BaseUrl => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public HttpClient Http { get; } = WebhookHttp.CreateClient();

    public IReadOnlyList<Received> Requests => [.. requests];

    public static async Task<TwimlApp> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var web = builder.Build();
        var app = new TwimlApp(web);
        web.Run(app.AnswerAsync);
        await web.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    public IEnumerable<Received> To(string path) => Requests.Where(request => request.Path == path);

    public TwimlApp Answers(string path, string twiml, string contentType = "application/xml") => Answers(path, async context =>
    {
        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(twiml);
    });

    public TwimlApp Answers(string path, Func<HttpContext, Task> answer)
    {
        answers[path] = answer;
        return this;
    }

    public CallPlan Plan(long seed = 7) => new()
    {
        VoiceUrl = BaseUrl + "/voice/incoming",
        AccountSid = AccountSid,
        AuthToken = AuthToken,
        From = "+15035550142",
        To = "+15035550100",
        Seed = seed,
        StartsAt = Morning,
    };

    public Task<CallTrace> CallAsync(params Step[] steps) => CallAsync(Plan(), new ScriptedCaller(steps));

    public Task<CallTrace> CallAsync(CallPlan plan, Caller? caller = null) =>
        new SimulatedCall(Http, plan, caller ?? new ScriptedCaller()).RunAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync() : FormCollection.Empty;
        requests.Enqueue(new Received(
            context.Request.Path, context.Request.Method,
            context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            form.ToDictionary(field => field.Key, field => field.Value.ToString(), StringComparer.Ordinal)));
        if (answers.TryGetValue(context.Request.Path, out var answer))
            await answer(context);
        else
            context.Response.StatusCode = context.Request.Path == "/voice/status" ? StatusCodes.Status204NoContent : StatusCodes.Status404NotFound;
    }

    public static string Repeat(string text, int times) => new StringBuilder().Insert(0, text, times).ToString();
}
