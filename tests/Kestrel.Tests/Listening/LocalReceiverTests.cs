using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using KestrelVoice.Cli;
using KestrelVoice.Cli.Listening;
using Microsoft.Extensions.Time.Testing;

namespace KestrelVoice.Kestrel.Tests.Listening;

public sealed class LocalReceiverTests : IDisposable
{
    private const string Secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private readonly FakeTimeProvider clock = new(Noon);
    private readonly HttpClient client = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => client.Dispose();

    [Fact]
    public async Task A_delivery_that_verifies_is_told_and_answered()
    {
        var told = new ConcurrentQueue<ReceivedDelivery>();
        await using var receiver = await ListenAsync(told, new LocalReceiverOptions(0, 200, null));

        using var response = await client.SendAsync(Delivery(receiver, "evt_1", """{"event":"call.missed"}"""), Token);

        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        var delivery = told.ShouldHaveSingleItem();
        (delivery.Id, delivery.Sequence, delivery.IsTest, delivery.Complaint, delivery.Answered).ShouldBe(("evt_1", "7", false, null, 200));
        Encoding.UTF8.GetString(delivery.Body).ShouldBe("""{"event":"call.missed"}""");
    }

    [Fact]
    public async Task The_answer_may_be_a_failure()
    {
        await using var receiver = await ListenAsync([], new LocalReceiverOptions(0, 503, null));

        using var response = await client.SendAsync(Delivery(receiver, "evt_1", "{}"), Token);

        response.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task What_does_not_verify_is_refused_and_told_with_the_reason()
    {
        var told = new ConcurrentQueue<ReceivedDelivery>();
        await using var receiver = await ListenAsync(told, new LocalReceiverOptions(0, 200, null));
        using var forged = Delivery(receiver, "evt_1", "{}");
        forged.Content = new StringContent("""{"event":"call.completed"}""");

        using var response = await client.SendAsync(forged, Token);

        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        told.ShouldHaveSingleItem().Complaint.ShouldBe("no signature is of this secret");
    }

    [Fact]
    public async Task A_delivery_is_handed_on_as_it_came_and_what_comes_back_is_the_answer()
    {
        var (first, second) = (new ConcurrentQueue<ReceivedDelivery>(), new ConcurrentQueue<ReceivedDelivery>());
        await using var own = await ListenAsync(second, new LocalReceiverOptions(0, 418, null));
        await using var receiver = await ListenAsync(first, new LocalReceiverOptions(0, 200, new Uri(own.Url)));

        using var response = await client.SendAsync(Delivery(receiver, "evt_1", """{"event":"call.missed"}"""), Token);

        ((int)response.StatusCode).ShouldBe(418);
        // It verified there too, so headers and bytes are those that came.
        second.ShouldHaveSingleItem().Complaint.ShouldBeNull();
        first.ShouldHaveSingleItem().Forwarded.ShouldBe(new Uri(own.Url).ToString());
    }

    [Fact]
    public async Task When_nobody_is_there_to_hand_on_to_the_delivery_has_failed()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        taken.Stop();
        await using var receiver = await ListenAsync([], new LocalReceiverOptions(0, 200, new Uri($"http://127.0.0.1:{port}/")));

        using var response = await client.SendAsync(Delivery(receiver, "evt_1", "{}"), Token);

        response.StatusCode.ShouldBe(HttpStatusCode.BadGateway);
    }

    [Fact]
    public async Task A_port_in_use_is_said()
    {
        await using var receiver = await ListenAsync([], new LocalReceiverOptions(0, 200, null));

        var problem = await Should.ThrowAsync<KestrelException>(() => LocalReceiver.StartAsync(new LocalReceiverOptions(new Uri(receiver.Url).Port, 200, null), Token));

        problem.Message.ShouldContain("in use");
    }

    [Fact]
    public async Task Only_posts_are_taken()
    {
        await using var receiver = await ListenAsync([], new LocalReceiverOptions(0, 200, null));

        using var response = await client.GetAsync(receiver.Url, Token);

        response.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed);
    }

    private async Task<LocalReceiver> ListenAsync(ConcurrentQueue<ReceivedDelivery> told, LocalReceiverOptions options)
    {
        var receiver = await LocalReceiver.StartAsync(options, Token);
        receiver.Begin(new StandardWebhook(Secret, clock), told.Enqueue);
        return receiver;
    }

    private static HttpRequestMessage Delivery(LocalReceiver receiver, string id, string body)
    {
        var timestamp = Noon.ToUnixTimeSeconds();
        var signature = HMACSHA256.HashData(Convert.FromBase64String(Secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{id}.{timestamp}.{body}"));
        return new HttpRequestMessage(HttpMethod.Post, receiver.Url)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
            Headers =
            {
                { "webhook-id", id },
                { "webhook-timestamp", $"{timestamp}" },
                { "webhook-signature", "v1," + Convert.ToBase64String(signature) },
                { "kestrel-sequence", "7" },
            },
        };
    }
}
