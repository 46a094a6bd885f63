using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace KestrelVoice.CallSimulator.Webhooks;

/// <summary>Delivers webhooks as Twilio does: signed, with cookies, redirects, timeouts and retries.</summary>
internal sealed class WebhookSender(
    HttpClient http, string authToken, TimeSpan firstPause, SeededIds ids, Action<WebhookSent> sent, TimeProvider callClock)
{
    public const int BodyLimit = 64 * 1024;
    private const int RedirectLimit = 10;
    private readonly CookieContainer cookies = new();

    /// <returns>The answer, or why there is none after every retry.</returns>
    public async Task<(WebhookResponse? Response, WebhookFailure? Failure)> SendAsync(Webhook webhook, CancellationToken cancellationToken)
    {
        var overrides = webhook.Overrides;
        using var total = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        total.CancelAfter(overrides.TotalTimeout);
        for (var attempt = 1; ; attempt++)
        {
            var started = Stopwatch.GetTimestamp();
            var (response, failure) = await AttemptAsync(webhook, total.Token, cancellationToken);
            sent(new WebhookSent(
                callClock.GetUtcNow(), webhook, attempt, response?.StatusCode ?? failure?.StatusCode, failure?.Message,
                response is null ? null : Encoding.UTF8.GetString(response.Body), Stopwatch.GetElapsedTime(started)));
            if (failure is null)
                return (response, null);
            if (attempt > overrides.Retries || !overrides.Retry(failure) || total.IsCancellationRequested)
                return (null, failure);

            await PauseBeforeRetryAsync(attempt, total.Token, cancellationToken);
        }
    }

    private async Task PauseBeforeRetryAsync(int attempt, CancellationToken total, CancellationToken cancellationToken)
    {
        var pause = firstPause * (Math.Pow(2, attempt - 1) * (0.75 + (0.5 * ids.Fraction("retry"))));
        try
        {
            await Task.Delay(pause, TimeProvider.System, total);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
        }
    }

    private async Task<(WebhookResponse?, WebhookFailure?)> AttemptAsync(Webhook webhook, CancellationToken total, CancellationToken cancellationToken)
    {
        var url = WebhookUrl.Parse(webhook.Url);
        var method = webhook.Method;
        for (var hop = 0; hop <= RedirectLimit; hop++)
        {
            using var reading = CancellationTokenSource.CreateLinkedTokenSource(total);
            reading.CancelAfter(webhook.Overrides.ReadTimeout);
            var headersSeen = false;
            try
            {
                using var request = Request(webhook, method, url);
                using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, reading.Token);
                headersSeen = true;
                KeepCookies(url, answer);
                var status = (int)answer.StatusCode;
                if (status is 301 or 302 or 303 or 307 or 308 && answer.Headers.Location is { } location)
                {
                    url = url.Resolve(location.OriginalString);
                    method = status is 307 or 308 ? method : "GET";
                    continue;
                }

                if (status >= 300)
                    return (null, new WebhookFailure(11200, status >= 500 ? "5xx" : "4xx", $"{webhook.Url} answered {status}", status));

                var body = await ReadAsync(answer, reading, webhook.Overrides.ReadTimeout);
                return body is null
                    ? (null, new WebhookFailure(11750, null, $"{webhook.Url} answered more than 64 kB"))
                    : (new WebhookResponse(url, status, answer.Content.Headers.ContentType?.MediaType, body), null);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return (null, new WebhookFailure(11200, headersSeen ? null : "rt", $"{webhook.Url} did not answer in time"));
            }
            catch (HttpRequestException exception) when (Unconnected(exception.HttpRequestError))
            {
                return (null, new WebhookFailure(11205, "ct", $"{webhook.Url} could not be reached: {exception.Message}"));
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                return (null, new WebhookFailure(11205, headersSeen ? null : "rt", $"{webhook.Url} broke off: {exception.Message}"));
            }
            catch (FormatException exception)
            {
                return (null, new WebhookFailure(11200, null, $"{webhook.Url} redirects nowhere: {exception.Message}"));
            }
        }

        return (null, new WebhookFailure(11215, null, $"{webhook.Url} redirects more than {RedirectLimit} times"));
    }

    private HttpRequestMessage Request(Webhook webhook, string method, WebhookUrl url)
    {
        var form = method == "POST" ? webhook.Parameters : [];
        var request = new HttpRequestMessage(new HttpMethod(method), url.Uri);
        request.Options.Set(WebhookHttp.ConnectTimeout, webhook.Overrides.ConnectTimeout);
        request.Headers.TryAddWithoutValidation("User-Agent", "TwilioProxy/1.1");
        request.Headers.TryAddWithoutValidation("Accept", "text/xml, application/xml, text/html");
        request.Headers.TryAddWithoutValidation("X-Twilio-Signature", TwilioSignature.Compute(authToken, url.Text, form));
        request.Headers.TryAddWithoutValidation("I-Twilio-Idempotency-Token", webhook.IdempotencyToken);
        if (cookies.GetCookieHeader(url.Uri) is { Length: > 0 } kept)
            request.Headers.TryAddWithoutValidation("Cookie", kept);
        if (Uri.UnescapeDataString(url.Uri.UserInfo) is { Length: > 0 } user)
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(user)));
        if (method == "POST")
        {
            request.Content = new FormUrlEncodedContent(form);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/x-www-form-urlencoded; charset=UTF-8");
        }

        return request;
    }

    private void KeepCookies(WebhookUrl url, HttpResponseMessage answer)
    {
        if (!answer.Headers.TryGetValues("Set-Cookie", out var values))
            return;
        foreach (var value in values)
        {
            try
            {
                cookies.SetCookies(url.Uri, value);
            }
            catch (CookieException)
            {
                // A cookie nobody can read is not sent back; browsers drop it too.
            }
        }
    }

    /// <summary>The read timeout is also the longest gap between packets, so it starts anew with each.</summary>
    private static async Task<byte[]?> ReadAsync(HttpResponseMessage answer, CancellationTokenSource reading, TimeSpan gap)
    {
        var stream = await answer.Content.ReadAsStreamAsync(reading.Token);
        var buffer = ArrayPool<byte>.Shared.Rent(BodyLimit + 1);
        try
        {
            var length = 0;
            while (length <= BodyLimit)
            {
                reading.CancelAfter(gap);
                var read = await stream.ReadAsync(buffer.AsMemory(length, BodyLimit + 1 - length), reading.Token);
                if (read == 0)
                    return buffer[..length];
                length += read;
            }

            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static bool Unconnected(HttpRequestError error) => error is HttpRequestError.ConnectionError
        or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;
}
