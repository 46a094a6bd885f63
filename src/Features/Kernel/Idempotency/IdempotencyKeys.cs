using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Kernel.Idempotency;

/// <summary>Marks a route whose requests may be repeated under one Idempotency-Key: they are carried out once.</summary>
public sealed record IdempotencyKey
{
    public const string Header = "Idempotency-Key";
    public const string Replayed = "Idempotent-Replayed";
    public const int Longest = 255;
}

/// <summary>As draft-ietf-httpapi-idempotency-key-header has it, with the refusals of this API.</summary>
public static partial class IdempotencyKeys
{
    // What the host takes at most; it stays in memory.
    private const int LargestBody = 256 * 1024;

    private enum End
    {
        ToBeTriedAgain,
        Answered,
        Overtaken,
    }

    public static RouteHandlerBuilder TakesIdempotencyKey(this RouteHandlerBuilder route) =>
        route.WithMetadata(new IdempotencyKey()).ProducesProblem(StatusCodes.Status409Conflict);

    internal static IServiceCollection AddIdempotencyKeys(this IServiceCollection services) =>
        services.AddSingleton<StoredAnswers>().AddScoped<IdempotentRequest>().AddHostedService<ExpiredKeys>();

    /// <summary>After authorization: whoever may not do it does not learn whether it was done.</summary>
    internal static void UseIdempotencyKeys(this IApplicationBuilder app)
    {
        var answers = app.ApplicationServices.GetRequiredService<StoredAnswers>();
        var logger = app.ApplicationServices.GetRequiredService<ILogger<StoredAnswers>>();
        app.Use(async (context, next) =>
        {
            if (!context.Request.Headers.TryGetValue(IdempotencyKey.Header, out var values)
                || context.GetEndpoint()?.Metadata.GetMetadata<IdempotencyKey>() is null
                || context.RequestServices.GetRequiredService<CurrentPrincipal>().Value is not { } principal)
            {
                await next(context);
                return;
            }
            if (values is not [{ Length: >= 1 and <= IdempotencyKey.Longest } key] || key.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            {
                await Problems.Invalid(IdempotencyKey.Header, $"Idempotency-Key is 1 to {IdempotencyKey.Longest} printable ASCII characters.").ExecuteAsync(context);
                return;
            }

            var claim = answers.NewClaim(principal, key, await HashAsync(context.Request));
            await (await answers.ClaimAsync(claim, context.RequestAborted) switch
            {
                KeyState.Claimed => RunAsync(context, next, answers, claim, logger),
                KeyState.Answered(var answer) => ReplayAsync(context.Response, answer),
                KeyState.OfAnotherRequest => Problems.Invalid(
                    IdempotencyKey.Header, "This Idempotency-Key was used for another request; a new request takes a new key.").ExecuteAsync(context),
                _ => RefuseAsync(context),
            });
        });
    }

    private static async Task RunAsync(HttpContext context, RequestDelegate next, StoredAnswers answers, Claim claim, ILogger logger)
    {
        var request = context.RequestServices.GetRequiredService<IdempotentRequest>();
        var (response, client, end) = (context.Response, context.Response.Body, End.ToBeTriedAgain);
        using var buffer = new MemoryStream();
        request.WaitForAnswer();
        response.Body = buffer;
        try
        {
            await next(context);
            await response.BodyWriter.FlushAsync(CancellationToken.None);
            if (!IsToBeTriedAgain(response.StatusCode))
            {
                if (response.StatusCode == StatusCodes.Status201Created && !request.HasWritten)
                    throw new InvalidOperationException($"{context.GetEndpoint()?.DisplayName} takes an Idempotency-Key and does not commit by it.");
                end = await answers.CommitAsync(claim, AnswerOf(response, buffer), request.TakeOver()) ? End.Answered : End.Overtaken;
            }
        }
        finally
        {
            response.Body = client;
            // First what it wrote, since the key is free only after that.
            await request.DisposeAsync();
            if (end == End.ToBeTriedAgain)
                await TryForgetAsync(answers, claim, logger);
        }
        if (end == End.Overtaken)
        {
            response.Clear();
            await RefuseAsync(context);
            return;
        }
        await WriteAsync(response, buffer.GetBuffer().AsMemory(0, (int)buffer.Length));
    }

    private static StoredAnswer AnswerOf(HttpResponse response, MemoryStream body) =>
        new(response.StatusCode, response.ContentType, response.Headers.Location, body.ToArray());

    // What says nothing about the request itself.
    private static bool IsToBeTriedAgain(int status) => status is >= StatusCodes.Status500InternalServerError
        or StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status429TooManyRequests;

    private static async Task ReplayAsync(HttpResponse response, StoredAnswer answer)
    {
        response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        response.Headers.Location = answer.Location;
        response.Headers[IdempotencyKey.Replayed] = "true";
        await WriteAsync(response, answer.Body);
    }

    // Where there may be no body, the server takes not even an empty one.
    private static Task WriteAsync(HttpResponse response, ReadOnlyMemory<byte> body) =>
        body.IsEmpty ? Task.CompletedTask : response.Body.WriteAsync(body, response.HttpContext.RequestAborted).AsTask();

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "1";
        return Problems.Conflict("A request with this Idempotency-Key is still under way; ask again in a moment.").ExecuteAsync(context);
    }

    private static async Task<byte[]> HashAsync(HttpRequest request)
    {
        request.EnableBuffering(LargestBody);
        var body = await SHA256.HashDataAsync(request.Body, request.HttpContext.RequestAborted);
        request.Body.Position = 0;
        return SHA256.HashData([.. Encoding.UTF8.GetBytes($"{request.Method} {request.Path}{request.QueryString}\n"), .. body]);
    }

    private static async Task TryForgetAsync(StoredAnswers answers, Claim claim, ILogger logger)
    {
        try
        {
            await answers.ForgetAsync(claim);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            LogLeftBehind(logger, away.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An Idempotency-Key cannot be given up, and is free again when its lease ends: {Reason}")]
    private static partial void LogLeftBehind(ILogger logger, string reason);
}
