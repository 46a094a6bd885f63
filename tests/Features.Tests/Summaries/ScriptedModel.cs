using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using KestrelVoice.Features.Summaries.Engines;
using KestrelVoice.Features.Summaries.Offline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.Features.Tests.Summaries;

/// <summary>A request as an OpenAI-compatible server gets it.</summary>
internal sealed record ModelRequest(int Number, string Path, string? Authorization, JsonNode Body)
{
    public Question Question => JsonSerializer.Deserialize<Question>((string)Body["messages"]![1]!["content"]!, SummaryEngine.Json)!;
}

/// <summary>An OpenAI-compatible server on a socket of its own that does what its test says.</summary>
internal sealed class ScriptedModel : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ModelRequest> _requests = new();
    private int _count;

    private ScriptedModel(WebApplication app) => _app = app;

    public string Endpoint => _app.Urls.Single() + "/v1";

    public IReadOnlyList<ModelRequest> Requests => [.. _requests];

    public static async Task<ScriptedModel> StartAsync(Func<ModelRequest, HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var model = new ScriptedModel(app);
        app.Run(async context =>
        {
            var body = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
            var request = new ModelRequest(Interlocked.Increment(ref model._count), context.Request.Path, context.Request.Headers.Authorization, body);
            model._requests.Enqueue(request);
            await answer(request, context);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return model;
    }

    /// <summary>What a good model would say.</summary>
    public static Task AnswerSensiblyAsync(ModelRequest request, HttpContext context) => AnswerAsync(context, request.Question switch
    {
        Question.TakeNotes question => JsonSerializer.Serialize(OfflineAnswers.To(question), SummaryEngine.Json),
        Question.Combine question => JsonSerializer.Serialize(new Combination($"The model read {question.Points.Count} points."), SummaryEngine.Json),
        Question.Extract question => JsonSerializer.Serialize(OfflineAnswers.To(question), SummaryEngine.Json),
        _ => throw new InvalidOperationException("No question of ours."),
    });

    public static Task AnswerAsync(HttpContext context, string content, string finishReason = "stop") =>
        context.Response.WriteAsJsonAsync(Completion(content, finishReason), context.RequestAborted);

    public static async Task RefuseAsync(HttpContext context, int status, string? retryAfter = null)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.RetryAfter = retryAfter;
        await context.Response.WriteAsJsonAsync(
            new { error = new { message = "Not now.", type = "server_error", param = (string?)null, code = (string?)null } }, context.RequestAborted);
    }

    /// <summary>Half of an answer whose length was announced, and then nothing: neither more nor an end.</summary>
    public static async Task StallInTheMiddleAsync(HttpContext context)
    {
        await BeginAsync(context);
        await Task.Delay(Timeout.Infinite, context.RequestAborted);
    }

    /// <summary>Half of an answer whose length was announced, and then a broken connection.</summary>
    public static async Task BreakOffAsync(HttpContext context)
    {
        await BeginAsync(context);
        context.Abort();
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static async Task BeginAsync(HttpContext context)
    {
        var whole = JsonSerializer.SerializeToUtf8Bytes(Completion("{\"summary\":\"Only half\"}", "stop"));
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = whole.Length;
        await context.Response.Body.WriteAsync(whole.AsMemory(0, whole.Length / 2), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private static object Completion(string content, string finishReason) => new
    {
        id = "chatcmpl-1",
        @object = "chat.completion",
        created = 1_772_625_600,
        model = "scripted-1",
        choices = new[]
        {
            new { index = 0, message = new { role = "assistant", content, refusal = (string?)null }, logprobs = (object?)null, finish_reason = finishReason },
        },
        usage = new { prompt_tokens = 100, completion_tokens = 20, total_tokens = 120 },
        system_fingerprint = (string?)null,
    };
}
