using KestrelVoice.LocalDapr.PubSub;
using KestrelVoice.LocalDapr.Resources;
using KestrelVoice.LocalDapr.RunFiles;

namespace KestrelVoice.LocalDapr.Tests.Runs;

/// <summary>The run file and the components of this repository, as they are.</summary>
public sealed class RepositoryTests
{
    private static RunFile RunFile => RunFile.Load(Checkout.Root, home: "/nonexistent");

    private static AppResources ResourcesOf(string appId) =>
        AppResources.Load(RunFile.Apps.Single(app => app.AppId == appId), new Dictionary<string, string>(), TimeProvider.System);

    [Theory]
    [InlineData("host")]
    [InlineData("voice")]
    public void Every_resource_loads_without_a_warning(string appId)
    {
        var resources = ResourcesOf(appId);

        resources.Warnings.ShouldBeEmpty();
        resources.Components.Keys.ShouldBe(["pubsub", "statestore"], ignoreOrder: true);
        resources.ActorStateStore.ShouldNotBeNull().Name.ShouldBe("statestore");
        resources.Configuration.Tracing.ShouldBeTrue();
        resources.Resiliency.ForPubSubInbound("pubsub").MayRepeat.ShouldBeTrue();
        resources.Resiliency.ForApp("host").MayRepeat.ShouldBeTrue();
    }

    [Fact]
    public void Both_apps_have_their_health_checked_and_listen_on_loopback()
    {
        foreach (var app in RunFile.Apps)
        {
            app.Health.ShouldNotBeNull().Path.ShouldBe("/health/ready");
            app.Env["ASPNETCORE_URLS"].ShouldBe($"http://127.0.0.1:{app.AppPort}");
        }
    }

    [Fact]
    public void Voice_publishes_calls_and_the_host_takes_them_and_may_bury_them()
    {
        var (host, voice) = (Scopes("host"), Scopes("voice"));

        voice.MayPublish("calls").ShouldBeTrue();
        voice.MaySubscribe("calls").ShouldBeFalse();
        host.MaySubscribe("calls").ShouldBeTrue();
        host.MaySubscribe("calls.dead").ShouldBeTrue();
        host.MayPublish("calls.dead").ShouldBeTrue();
        host.MayPublish("calls").ShouldBeFalse();
    }

    private static TopicScopes Scopes(string appId) => new(ResourcesOf(appId).Components["pubsub"], appId);
}
