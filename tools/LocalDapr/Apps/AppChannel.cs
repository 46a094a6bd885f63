using System.Net;
using KestrelVoice.LocalDapr.RunFiles;

namespace KestrelVoice.LocalDapr.Apps;

/// <summary>Calls from a sidecar into its app: the app's token on each, and no more at once than the app wants.</summary>
internal sealed class AppChannel : IDisposable
{
    public const string TokenHeader = "dapr-api-token";

    private readonly HttpMessageInvoker _client;
    private readonly SemaphoreSlim? _slots;
    private readonly string? _token;
    private readonly Version _version;

    public AppChannel(AppSpec app, string? token)
    {
        _token = string.IsNullOrEmpty(token) ? null : token;
        _version = app.Protocol == "h2c" ? HttpVersion.Version20 : HttpVersion.Version11;
        _slots = app.MaxConcurrency > 0 ? new SemaphoreSlim(app.MaxConcurrency) : null;
        Address = new UriBuilder("http", app.ChannelAddress, app.AppPort).Uri;
        _client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        });
    }

    public Uri Address { get; }

    /// <summary>The response holds the app's slot until it is disposed.</summary>
    public async Task<AppResponse> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Headers.Remove(TokenHeader);
        if (_token is not null)
            request.Headers.TryAddWithoutValidation(TokenHeader, _token);
        Prepare(request);
        if (_slots is not null)
            await _slots.WaitAsync(cancellationToken);
        try
        {
            return new AppResponse(await _client.SendAsync(request, cancellationToken), _slots);
        }
        catch
        {
            _slots?.Release();
            throw;
        }
    }

    /// <summary>A health probe: without the token, and never waiting behind work.</summary>
    public async Task<HttpStatusCode> ProbeAsync(string path, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Address, path));
        Prepare(request);
        using var response = await _client.SendAsync(request, cancellationToken);
        return response.StatusCode;
    }

    public void Dispose()
    {
        _client.Dispose();
        _slots?.Dispose();
    }

    private void Prepare(HttpRequestMessage request)
    {
        request.Version = _version;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
    }
}

/// <summary>An app's answer, and the slot it occupies.</summary>
internal sealed class AppResponse(HttpResponseMessage message, SemaphoreSlim? slot) : IDisposable
{
    private SemaphoreSlim? _slot = slot;

    public HttpResponseMessage Message => message;

    public int StatusCode => (int)message.StatusCode;

    public void Dispose()
    {
        message.Dispose();
        Interlocked.Exchange(ref _slot, null)?.Release();
    }
}
