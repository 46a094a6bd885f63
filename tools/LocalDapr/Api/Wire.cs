using System.Globalization;
using System.Text.Json;
using Grpc.Core;
using KestrelVoice.LocalDapr.Apps;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace KestrelVoice.LocalDapr.Api;

/// <summary>What every call of the Dapr API has in common: its token, its body, and how it is refused.</summary>
internal static partial class Wire
{
    public static async Task<byte[]> BodyAsync(this HttpContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        return buffer.ToArray();
    }

    /// <summary>The query's <c>metadata.name=value</c> pairs.</summary>
    public static Dictionary<string, string> Metadata(this HttpRequest request)
    {
        const string Prefix = "metadata.";
        var metadata = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, values) in request.Query)
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
                metadata[name[Prefix.Length..]] = values.ToString();
        }
        return metadata;
    }

    public static async Task RefuseAsync(this HttpContext context, ApiException refusal)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        context.Response.Clear();
        if (IsGrpc(context))
        {
            RefuseGrpc(context, refusal.GrpcStatus, refusal.Message);
            return;
        }
        context.Response.StatusCode = refusal.HttpStatus;
        var body = new Dictionary<string, object> { ["errorCode"] = refusal.Code, ["message"] = refusal.Message };
        if (refusal.Reason is not null)
        {
            body["details"] = new object[]
            {
                new Dictionary<string, object>
                {
                    ["@type"] = "type.googleapis.com/google.rpc.ErrorInfo",
                    ["reason"] = refusal.Reason,
                    ["domain"] = "dapr.io",
                    ["metadata"] = refusal.Details,
                },
            };
        }
        context.Response.ContentType = "application/json";
        await JsonSerializer.SerializeAsync(context.Response.Body, body, cancellationToken: context.RequestAborted);
    }

    /// <summary>Turns whatever an endpoint throws into a documented answer.</summary>
    public static async Task RefuseFailuresAsync(HttpContext context, RequestDelegate next, ILogger logger)
    {
        try
        {
            await next(context);
        }
        catch (ApiException refusal)
        {
            await context.RefuseAsync(refusal);
        }
        catch (BadHttpRequestException exception)
        {
            await context.RefuseAsync(new ApiException(
                exception.StatusCode, StatusCode.InvalidArgument, "ERR_BODY_READ", "failed to read request body: " + exception.Message));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
#pragma warning disable CA1031 // The last resort of every call.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            LogFailure(logger, context.GetEndpoint()?.DisplayName ?? "a call", exception);
            await context.RefuseAsync(new ApiException(500, StatusCode.Internal, "ERR_INTERNAL", "LocalDapr failed to answer; its log says why"));
        }
    }

    /// <summary>The API token, on everything but the two health probes.</summary>
    public static async Task RequireTokenAsync(HttpContext context, RequestDelegate next, byte[] token)
    {
        var given = System.Text.Encoding.UTF8.GetBytes(context.Request.Headers[AppChannel.TokenHeader].ToString());
        if (IsHealthProbe(context.Request) || System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(given, token))
        {
            await next(context);
            return;
        }
        if (IsGrpc(context))
        {
            RefuseGrpc(context, StatusCode.Unauthenticated, "authentication error: api token mismatch");
            return;
        }
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync("invalid api token", context.RequestAborted);
    }

    private static bool IsHealthProbe(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) && request.Path.Value?.TrimEnd('/') is "/v1.0/healthz" or "/v1.0/healthz/outbound";

    private static bool IsGrpc(HttpContext context) =>
        context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;

    private static void RefuseGrpc(HttpContext context, StatusCode status, string message)
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["grpc-status"] = ((int)status).ToString(CultureInfo.InvariantCulture);
        context.Response.Headers["grpc-message"] = Uri.EscapeDataString(message);
    }

    [LoggerMessage(LogLevel.Error, "{Call} failed")]
    private static partial void LogFailure(ILogger logger, string call, Exception exception);
}
