using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace KestrelVoice.Cli.Listening;

/// <summary>A webhook endpoint as it is registered.</summary>
internal sealed record RegisteredEndpoint(string Id, string Secret);

/// <summary>The routes of the API that a receiver on this machine registers itself with.</summary>
internal sealed class WebhooksApi : IDisposable
{
    /// <summary>By which an endpoint that was left behind is known.</summary>
    public const string Description = "kestrel listen";

    private readonly HttpClient http;

    public WebhooksApi(string apiUrl, string apiKey)
    {
        http = new HttpClient { BaseAddress = new Uri(apiUrl.TrimEnd('/') + "/"), Timeout = TimeSpan.FromSeconds(10) };
        http.DefaultRequestHeaders.Add("X-API-Key", apiKey);
    }

    /// <exception cref="KestrelException">The API refuses, or is away.</exception>
    public async Task<RegisteredEndpoint> RegisterAsync(string url, IReadOnlyList<string> events, CancellationToken cancellationToken)
    {
        var endpoint = new { url, events = events.Count == 0 ? null : events, description = Description, rate_limit = 100 };
        var created = await SendAsync(HttpMethod.Post, "api/webhooks", JsonContent.Create(endpoint), cancellationToken);
        return new RegisteredEndpoint(created.GetProperty("id").GetString()!, created.GetProperty("secret").GetString()!);
    }

    /// <summary>Fine when it is gone already.</summary>
    /// <exception cref="KestrelException">The API refuses, or is away.</exception>
    public async Task RemoveAsync(string id, CancellationToken cancellationToken) =>
        await SendAsync(HttpMethod.Delete, $"api/webhooks/{id}", null, cancellationToken);

    /// <summary>Removes what listeners left behind that did not live to remove it themselves.</summary>
    /// <exception cref="KestrelException">The API refuses, or is away.</exception>
    public async Task RemoveAbandonedAsync(Func<Uri, Task<bool>> isAnswered, CancellationToken cancellationToken)
    {
        var list = await SendAsync(HttpMethod.Get, "api/webhooks?limit=100", null, cancellationToken);
        foreach (var endpoint in list.GetProperty("data").EnumerateArray())
        {
            if (endpoint.GetProperty("description").GetString() == Description
                && Uri.TryCreate(endpoint.GetProperty("url").GetString(), UriKind.Absolute, out var url) && !await isAnswered(url))
                await RemoveAsync(endpoint.GetProperty("id").GetString()!, cancellationToken);
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            if (response.IsSuccessStatusCode || (method == HttpMethod.Delete && response.StatusCode == HttpStatusCode.NotFound))
                return text.Length == 0 ? default : JsonElement.Parse(text);
            throw new KestrelException($"The API refuses {method} /{path}: {MessageOf(text) ?? $"{(int)response.StatusCode}"}");
        }
        catch (HttpRequestException away)
        {
            throw new KestrelException($"The API at {http.BaseAddress} cannot be reached. Is KestrelVoice up? ./kestrel status", away);
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KestrelException($"The API at {http.BaseAddress} does not answer.");
        }
    }

    private static string? MessageOf(string problem)
    {
        try
        {
            return JsonElement.Parse(problem).GetProperty("message").GetString();
        }
        catch (Exception unlike) when (unlike is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}
