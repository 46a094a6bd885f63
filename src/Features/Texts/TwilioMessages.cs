using System.Net;
using System.Text.Json;
using KestrelVoice.Features.Calls;
using Microsoft.Extensions.DependencyInjection;

namespace KestrelVoice.Features.Texts;

/// <summary>What Twilio made of a request for a message.</summary>
internal abstract record Sending
{
    private Sending() { }

    internal sealed record Sent(string MessageSid) : Sending;

    /// <param name="Code">Twilio's own, such as 21610 for somebody who replied STOP; null when the answer was not in its format.</param>
    internal sealed record Refused(int Status, int? Code) : Sending;

    /// <summary>It certainly was not taken, and may be asked for again.</summary>
    internal sealed record NotTaken : Sending;

    internal sealed record Unknown : Sending;
}

/// <summary>The part of Twilio's REST API that sends texts.</summary>
internal sealed class TwilioMessages(IHttpClientFactory clients, TwilioMedia.Account account)
{
    public const string Client = "twilio-messages";

    public async Task<Sending> SendAsync(string from, string to, string body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, account.UrlOf("Messages.json"))
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["From"] = from, ["To"] = to, ["Body"] = body }),
        };
        request.Headers.Authorization = account.Credential;
        try
        {
            using var response = await clients.CreateClient(Client).SendAsync(request, cancellationToken);
            return await ReadAsync(response, cancellationToken);
        }
        catch (HttpRequestException failure) when (failure.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError)
        {
            return new Sending.NotTaken();
        }
        catch (Exception lost) when (lost is HttpRequestException or IOException || (lost is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new Sending.Unknown();
        }
    }

    private static async Task<Sending> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        // Twilio did not process it, and says so.
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
            return new Sending.NotTaken();
        var answer = Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        if (response.IsSuccessStatusCode)
            return Text(answer, "sid") is { } sid ? new Sending.Sent(sid) : new Sending.Unknown();
        return (int)response.StatusCode is >= 400 and < 500 and not (int)HttpStatusCode.RequestTimeout
            ? new Sending.Refused((int)response.StatusCode, Number(answer, "code"))
            : new Sending.Unknown();
    }

    private static JsonElement Parse(byte[] body)
    {
        try
        {
            return JsonElement.Parse(body);
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static string? Text(JsonElement answer, string name) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Number(JsonElement answer, string name) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt32(out var number) ? number : null;
}

internal static class TwilioMessagesRegistration
{
    // No pipeline that retries: a message that is asked for twice is sent twice.
    public static IServiceCollection AddTwilioMessages(this IServiceCollection services)
    {
        services.AddSingleton<TwilioMessages>();
        services.AddHttpClient(TwilioMessages.Client, client =>
            {
                client.Timeout = TimeSpan.FromSeconds(10);
                client.MaxResponseContentBufferSize = 64 * 1024;
            })
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                ConnectTimeout = TimeSpan.FromSeconds(3),
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            });
        return services;
    }
}
