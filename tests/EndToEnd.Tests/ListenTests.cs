using KestrelVoice.CallSimulator.Scripts;
using KestrelVoice.Cli.Home;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.EndToEnd.Tests;

/// <summary><c>kestrel listen</c>, as somebody runs it who builds an integration.</summary>
public sealed class ListenTests(RunningProduct product)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_shows_verified_and_nothing_is_left_registered()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Asked to stop by a signal");
        using var home = new ReachableFolder();
        Announce(home.Path);
        await using var killed = Listen(home.Path);
        await ShowsAsync(killed, "Listening at");
        await killed.KillAsync(Token);
        (await ListenersAsync()).ShouldBe(1, "who is killed leaves its endpoint behind");
        await using var listener = Listen(home.Path, "--event", "call.missed", "--event", "call.completed");
        await ShowsAsync(listener, "Listening at");
        (await ListenersAsync()).ShouldBe(1, "who listens next tidies up");

        var call = await product.CallAsync("+15035551120", null, new("completed", "message_taken"), new Step.Say("My tap drips, please call me back"), new Step.Say("No, that is all"));
        await ShowsAsync(listener, call.GetProperty("id").GetString()!);
        await listener.StopAsync(Token);

        listener.Log.ShouldContain("✓ call.completed  evt_");
        listener.Log.ShouldContain("My tap drips");
        listener.Log.ShouldNotContain("not verified");
        listener.Log.ShouldContain("✓ Removed we_");
        (await ListenersAsync()).ShouldBe(0);
    }

    private static ManagedProcess Listen(string home, params string[] options)
    {
        var process = new ManagedProcess(
            "listen", "dotnet", [Checkout.Kestrel, "listen", .. options], home,
            new Dictionary<string, string> { [KestrelHome.Variable] = home, ["NO_COLOR"] = "1" });
        process.Start();
        return process;
    }

    private static Task ShowsAsync(ManagedProcess process, string text) =>
        Eventually.Is(() => Task.FromResult(process.Log.Contains(text, StringComparison.Ordinal)), Soon, () => process.Log, Token);

    private async Task<int> ListenersAsync() => (await product.Stack.GetAsync("/api/webhooks?limit=100", Token)).GetProperty("data").EnumerateArray()
        .Count(endpoint => endpoint.GetProperty("description").GetString() == "kestrel listen");

    // What `up` leaves for other commands to find the running copy by.
    private void Announce(string folder)
    {
        var home = KestrelHome.Find(folder, AppContext.BaseDirectory);
        home.Create();
        var stack = product.Stack;
        new DevFile
        {
            ApiUrl = stack.HostUrl.ToString(),
            VoiceUrl = stack.VoiceUrl.ToString(),
            Email = "",
            Password = "",
            ApiKey = stack.Demo.ApiKey,
            TenantId = "",
            PhoneNumber = stack.Demo.PhoneNumber,
            TwilioAccountSid = stack.AccountSid,
            TwilioAuthToken = stack.TwilioToken,
            TwilioApiUrl = stack.TwilioUrl.ToString(),
            PublishableKey = stack.PublishableKey,
            DaprApiToken = stack.DaprToken,
        }.Write(home);
    }
}
