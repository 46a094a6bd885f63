using KestrelVoice.Features.Tests.Calls;
using KestrelVoice.Features.Tests.Identity;
using KestrelVoice.Features.Tests.Webhooks.Delivery;

namespace KestrelVoice.Features.Tests.Webhooks.Verification;

/// <summary>Deliveries as they come over the wire, shown to other people's libraries. Those look at the real clock.</summary>
public sealed class RealDeliveryTests(AppAtThisHour app) : IClassFixture<AppAtThisHour>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Everybody_verifies_what_arrives_also_while_a_secret_is_replaced()
    {
        var tenant = await app.GivenATenant();
        using var client = app.ClientFor(tenant);
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await client.GivenAnEndpoint(receiver.Url);
        var (path, first) = ($"/api/webhooks/{endpoint.Id()}", endpoint.Text("secret"));

        var before = await ReceiveAsync(tenant, receiver, 1);
        var second = (await client.PostAsync(path + "/rotate-secret", """{"secret":"zwölf Dutzend Äpfel, mehr"}""")).Text("secret");
        var during = await ReceiveAsync(tenant, receiver, 2);
        var third = (await client.PostAsync(path + "/rotate-secret", """{"expire_old_after_seconds":0}""")).Text("secret");
        var after = await ReceiveAsync(tenant, receiver, 3);

        (SignedDelivery Delivery, bool Believed)[] expected =
        [
            (before with { Secret = first }, true),
            (before with { Secret = second }, false),
            (during with { Secret = first }, true),
            (during with { Secret = second }, true),
            (during with { Secret = third }, false),
            (after with { Secret = first }, false),
            (after with { Secret = second }, false),
            (after with { Secret = third }, true),
        ];
        var answers = await Receivers.AskAsync([.. expected.Select(each => each.Delivery)]);
        answers.Select(answer => answer.Receiver).ShouldBe(
            [Receivers.CSharp, Receivers.StandardWebhooks, Receivers.Svix, Receivers.Node, Receivers.Python], ignoreOrder: true);
        foreach (var (name, believes) in answers)
            believes.ShouldBe(expected.Select(each => each.Believed), name);
    }

    private async Task<SignedDelivery> ReceiveAsync(TestTenant tenant, WebhookReceiver receiver, int number)
    {
        var call = new PhoneCall(tenant, 880_000 + number, TimeProvider.System.GetUtcNow());
        await app.GivenACall(call.Started(), call.Says("Grüße — the “boiler” makes a noise 🔥"), call.Ended());
        await app.Relay();
        var began = TimeProvider.System.GetTimestamp();
        while (receiver.Received.Count < number)
        {
            TimeProvider.System.GetElapsedTime(began).ShouldBeLessThan(Patience, "nothing arrived");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TestContext.Current.CancellationToken);
        }
        var request = receiver.Received[number - 1];
        return new SignedDelivery("", request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value), request.Body);
    }
}
