using Grpc.Core;
using KestrelVoice.LocalDapr.Api;
using KestrelVoice.LocalDapr.Apps;
using KestrelVoice.LocalDapr.PubSub;
using KestrelVoice.LocalDapr.Resiliency;
using Microsoft.AspNetCore.Http;

namespace KestrelVoice.LocalDapr.Sidecars;

/// <summary>Service invocation: passes a request to another app of the run, and its answer back unchanged.</summary>
internal sealed class Invoker(Sidecar caller, Func<string, Sidecar?> find)
{
    private static readonly HashSet<string> s_notPassedOn = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Transfer-Encoding", "Upgrade", "TE", "Trailer", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
        "Host", "Content-Length", "Expect", InvokeEndpoints.AppIdHeader, AppChannel.TokenHeader,
        "dapr-caller-app-id", "dapr-callee-app-id", "dapr-caller-namespace",
        "traceparent", "tracestate", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded",
    };

    public async Task InvokeAsync(HttpContext context, string appId, string target)
    {
        var callee = find(appId) ?? find(appId.Split('.')[0]) ?? throw Failed(appId, $"couldn't find service: {appId}");
        if (callee.App.AppPort == 0)
            throw Failed(appId, "app channel is not initialized");
        var uri = Uri(callee, target);

        var policy = caller.Resources.Resiliency.ForApp(callee.App.AppId);
        byte[]? replayable = null;
        if (!policy.MayRepeat || context.Request.ContentLength is null && HasBody(context.Request))
            policy = policy.WithoutRetry();
        else
            replayable = await context.BodyAsync();
        var trace = TraceContext.Continue(
            context.Request.Headers.TraceParent, context.Request.Headers.TraceState, caller.Resources.Configuration.SamplingRate);

        var attempt = await policy.RunAsync(
            token => AttemptAsync(context, callee, uri, replayable, trace, token),
            response => response.Dispose(), CancellationToken.None, context.RequestAborted);
        using var response = attempt.Value ?? throw Failed(appId, attempt.Reason ?? "no response");
        await RelayAsync(response, context);
    }

    private async Task<Attempt<AppResponse>> AttemptAsync(
        HttpContext context, Sidecar callee, Uri uri, byte[]? body, TraceContext trace, CancellationToken cancellationToken)
    {
        if (!callee.IsAppHealthy)
            return Attempt<AppResponse>.Failure("app is not in a healthy state");
        try
        {
            using var request = Request(context, callee, uri, body, trace);
            var response = await callee.Channel.SendAsync(request, cancellationToken);
            return response.StatusCode is >= 200 and <= 399
                ? Attempt<AppResponse>.Success(response)
                : Attempt<AppResponse>.Failure($"the app answered {response.StatusCode}", response.StatusCode, response);
        }
        catch (HttpRequestException exception) when (exception.InnerException is BadHttpRequestException tooLarge)
        {
            throw tooLarge;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return Attempt<AppResponse>.Failure(exception.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Attempt<AppResponse>.Failure("the app could not be reached in time");
        }
    }

    private HttpRequestMessage Request(HttpContext context, Sidecar callee, Uri uri, byte[]? body, TraceContext trace)
    {
        var incoming = context.Request;
        var request = new HttpRequestMessage(new HttpMethod(incoming.Method), uri);
        if (HasBody(incoming))
        {
            request.Content = body is null ? new StreamContent(incoming.Body) : new ByteArrayContent(body);
            request.Content.Headers.ContentLength = incoming.ContentLength;
        }
        foreach (var (name, values) in incoming.Headers)
        {
            if (s_notPassedOn.Contains(name) || name.EndsWith("-bin", StringComparison.OrdinalIgnoreCase))
                continue;
            if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }
        Add("dapr-caller-app-id", caller.App.AppId);
        Add("dapr-callee-app-id", callee.App.AppId);
        Add("dapr-caller-namespace", caller.Namespace);
        Add("X-Forwarded-For", "127.0.0.1");
        Add("X-Forwarded-Host", "localhost");
        Add("Forwarded", "for=127.0.0.1;by=127.0.0.1;host=localhost");
        if (trace.IsOn)
        {
            Add("traceparent", trace.TraceParent);
            Add("tracestate", trace.TraceState);
        }
        return request;

        void Add(string name, string value)
        {
            if (value.Length > 0)
                request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private static async Task RelayAsync(AppResponse response, HttpContext context)
    {
        var (message, outgoing) = (response.Message, context.Response);
        outgoing.StatusCode = response.StatusCode;
        foreach (var (name, values) in message.Headers.Concat(message.Content.Headers))
        {
            if (!s_notPassedOn.Contains(name))
                outgoing.Headers[name] = values.ToArray();
        }
        if (HttpMethods.IsHead(context.Request.Method) || response.StatusCode is 204 or 304)
            return;
        await using var stream = await message.Content.ReadAsStreamAsync(context.RequestAborted);
        var buffer = new byte[16 * 1024];
        // Flushed piece by piece, so that an event stream arrives while it is written.
        for (int read; (read = await stream.ReadAsync(buffer, context.RequestAborted)) > 0;)
        {
            await outgoing.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
            await outgoing.Body.FlushAsync(context.RequestAborted);
        }
    }

    private static Uri Uri(Sidecar callee, string target)
    {
        var path = target.Split('?', 2)[0];
        var decoded = System.Uri.UnescapeDataString(path);
        if (decoded.Any(letter => letter is '#' or '?' || char.IsControl(letter)))
            throw new ApiException(400, StatusCode.InvalidArgument, "ERR_DIRECT_INVOKE", "the method holds a character that no path may hold");
        return System.Uri.TryCreate(callee.Channel.Address.GetLeftPart(UriPartial.Authority) + "/" + target, UriKind.Absolute, out var uri)
            ? uri
            : throw new ApiException(400, StatusCode.InvalidArgument, "ERR_DIRECT_INVOKE", "the method is not a path");
    }

    private static bool HasBody(HttpRequest request) => request.ContentLength is > 0 || request.Headers.TransferEncoding.Count > 0;

    private static ApiException Failed(string appId, string reason) =>
        new(500, StatusCode.Internal, "ERR_DIRECT_INVOKE", $"failed to invoke, id: {appId}, err: {reason}");
}
