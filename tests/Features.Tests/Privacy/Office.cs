using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.CallSimulator.Recordings;
using KestrelVoice.Features.Tests.Webhooks;
using KestrelVoice.Features.Tests.Webhooks.Delivery;

namespace KestrelVoice.Features.Tests.Privacy;

/// <summary>The host and a sidecar, with Twilio's recordings within reach.</summary>
public sealed class Office(TestCluster cluster) : IAsyncLifetime
{
    private const string AccountSid = "AC22222222222222222222222222222222";
    private const string AuthToken = "the account's token in tests";

    private readonly DirectoryInfo recordings = Directory.CreateTempSubdirectory("kestrelvoice-erasure-");
    private TwilioStandIn? twilio;
    private int calls = 7_000_000;

    public AppWithSidecar App { get; } = new(cluster);

    public async ValueTask InitializeAsync()
    {
        twilio = await TwilioStandIn.StartAsync(recordings.FullName, AccountSid, AuthToken, cancellationToken: TestContext.Current.CancellationToken);
        App.Settings["Twilio:ApiBaseUrl"] = twilio.BaseUrl.AbsoluteUri;
        App.Settings["Twilio:AccountSid"] = AccountSid;
        App.Settings["Twilio:AuthToken"] = AuthToken;
        await ((IAsyncLifetime)App).InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await twilio!.DisposeAsync();
        recordings.Delete(recursive: true);
    }

    /// <summary>A number that no call of these tests has had.</summary>
    public int NextCall() => Interlocked.Increment(ref calls);

    /// <summary>Twilio goes away, and is asked for at the same address.</summary>
    public async Task<Uri> StopTwilioAsync()
    {
        var at = twilio!.BaseUrl;
        await twilio.DisposeAsync();
        return at;
    }

    public async Task StartTwilioAsync(Uri at) => twilio = await TwilioStandIn.StartAsync(
        recordings.FullName, AccountSid, AuthToken, at.Port, TestContext.Current.CancellationToken);

    /// <summary>What Twilio has recorded of a call of that number.</summary>
    public string GivenARecording(int number)
    {
        var sid = Sid(number);
        File.WriteAllBytes(Path.Combine(recordings.FullName, sid + ".wav"), [1, 2, 3]);
        File.WriteAllText(Path.Combine(recordings.FullName, sid + ".json"), "{}");
        return sid;
    }

    public bool HasRecording(int number) => File.Exists(Path.Combine(recordings.FullName, Sid(number) + ".wav"));

    public Task UntilDone(HttpClient client, string erasureId) => App.Eventually(
        TimeSpan.FromSeconds(1), async () => (await client.ReadAsync($"/api/erasures/{erasureId}")).Text("status") == "done", "an erasure that is done");

    private static string Sid(int number) => $"RE{number:x32}";
}

internal static class ErasureRequests
{
    public static async Task<JsonElement> EraseCall(this HttpClient client, string callId)
    {
        using var response = await client.DeleteAsync($"/api/call-logs/{callId}", TestContext.Current.CancellationToken);
        var erasure = await response.ShouldAnswerWith(HttpStatusCode.Accepted);
        response.Headers.Location!.ToString().ShouldBe($"/api/erasures/{erasure.Id()}");
        return erasure;
    }

    public static Task<HttpResponseMessage> EraseCaller(this HttpClient client, string phoneNumber, bool cancelAppointments = false) => client.PostAsJsonAsync(
        "/api/callers/erase", new { phone_number = phoneNumber, cancel_appointments = cancelAppointments }, TestContext.Current.CancellationToken);

    public static async Task<string> OnlyCallOf(this HttpClient client, string phoneNumber) =>
        (await client.ReadAsync("/api/call-logs?limit=100")).Data().Single(call => call.Text("phone_number") == phoneNumber).Id();
}
