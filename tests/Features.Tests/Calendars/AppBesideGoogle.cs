using KestrelVoice.Features.Tests.Webhooks.Delivery;
using KestrelVoice.GoogleStandIn;

namespace KestrelVoice.Features.Tests.Calendars;

/// <summary>The host beside a stand-in for Google, both by the clock that tests move.</summary>
public abstract class AppBesideGoogle<TApp>(TApp app) : IAsyncLifetime
    where TApp : KestrelVoiceApp
{
    public const string ClientId = "kestrelvoice.apps.googleusercontent.example";

    private int users;

    public TApp App => app;

    public GoogleServer Google { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Google = await GoogleServer.StartAsync(
            // Pages of three, so that none of the tests gets by with one.
            new GoogleServerOptions(ClientId, "a secret of tests", ["https://api.example.test/calendars/google/callback"]) { Clock = app.Clock, LargestPage = 3 },
            TestContext.Current.CancellationToken);
        app.Settings["Google:ClientId"] = ClientId;
        app.Settings["Google:ClientSecret"] = "a secret of tests";
        foreach (var place in new[] { "Accounts", "OAuth", "Api" })
            app.Settings["Google:BaseUrls:" + place] = Google.Url.AbsoluteUri;
        await ((IAsyncLifetime)app).InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await ((IAsyncDisposable)app).DisposeAsync();
        await Google.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>Where something is repeated after a pause, which is one of the clock.</summary>
    public async Task<T> AsTimePasses<T>(Task<T> task)
    {
        while (await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken)) != task)
            app.Clock.Advance(TimeSpan.FromMilliseconds(25));
        return await task;
    }

    public GoogleUser GivenAGoogleUser(string timeZone = "America/Los_Angeles") =>
        Google.AddUser($"technician{Interlocked.Increment(ref users)}@maplestreet.example", timeZone);
}

public sealed class HostBesideGoogle(TestCluster cluster) : AppBesideGoogle<KestrelVoiceApp>(new KestrelVoiceApp(cluster));

public sealed class HostWithSidecarBesideGoogle(TestCluster cluster) : AppBesideGoogle<AppWithSidecar>(new AppWithSidecar(cluster));
