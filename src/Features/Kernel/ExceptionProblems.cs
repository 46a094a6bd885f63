using System.Net.Sockets;
using System.Text.Json;
using FluentValidation;
using Grpc.Core;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace KestrelVoice.Features.Kernel;

/// <summary>Turns what slices throw into the documented answers. Nothing of an exception's own text leaves the host.</summary>
internal sealed partial class ExceptionProblems(ILogger<ExceptionProblems> logger) : IExceptionHandler
{
    private const int ClientClosedRequest = 499;

    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = ClientClosedRequest;
            return true;
        }

        // What cannot be read today cannot be read tomorrow: DROP sends it to the dead letters at once instead of retrying.
        if (IsUnreadable(exception) && IsDelivery(context))
        {
            LogDropped(logger, context.TraceIdentifier);
            await TypedResults.Json(new { status = "DROP" }, statusCode: StatusCodes.Status200OK).ExecuteAsync(context);
            return true;
        }

        await Problem(exception, context).ExecuteAsync(context);
        return true;
    }

    private ProblemHttpResult Problem(Exception exception, HttpContext context)
    {
        switch (exception)
        {
            case ValidationException invalid:
                return Problems.Invalid(invalid.Errors
                    .GroupBy(error => SnakeCase(error.PropertyName), error => error.ErrorMessage)
                    .ToDictionary(errors => errors.Key, errors => errors.Distinct().ToArray()));
            case BadHttpRequestException { InnerException: JsonException json }:
                return Problems.Invalid(Member(json), "The body is not valid JSON of the documented shape.");
            case BadHttpRequestException bad:
                return Problems.Of(bad.StatusCode);
            case var away when IsAway(away):
                LogAway(logger, context.TraceIdentifier, away.GetType().Name);
                context.Response.Headers.RetryAfter = "1";
                return Problems.Of(StatusCodes.Status503ServiceUnavailable);
            default:
                LogUnhandled(logger, exception, context.TraceIdentifier);
                return Problems.Of(StatusCodes.Status500InternalServerError);
        }
    }

    private static bool IsUnreadable(Exception exception) =>
        exception is ValidationException or JsonException or BadHttpRequestException { StatusCode: < StatusCodes.Status500InternalServerError }
        // An envelope that is JSON but no object: the unwrapping asks it for members.
        or InvalidOperationException { Source: "System.Text.Json" or "System.Text.Json.Rethrowable" };

    private static bool IsDelivery(HttpContext context) =>
        context.Features.Get<IExceptionHandlerFeature>()?.Endpoint?.TakesDeliveries() is true;

    private static bool IsAway(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.IsTransient || postgres.SqlState.StartsWith("57P", StringComparison.Ordinal),
        NpgsqlException => true,
        RpcException sidecar => sidecar.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded,
        TimeoutException or SocketException => true,
        _ => false,
    };

    private static string SnakeCase(string path) =>
        string.Join('.', path.Split('.').Select(JsonNamingPolicy.SnakeCaseLower.ConvertName));

    private static string Member(JsonException json) =>
        json.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : "body";

    [LoggerMessage(Level = LogLevel.Error, Message = "Request {RequestId} failed")]
    private static partial void LogUnhandled(ILogger logger, Exception exception, string requestId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Request {RequestId} could not reach something it needs: {Reason}")]
    private static partial void LogAway(ILogger logger, string requestId, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Delivery {RequestId} is unreadable and goes to the dead letters")]
    private static partial void LogDropped(ILogger logger, string requestId);
}
