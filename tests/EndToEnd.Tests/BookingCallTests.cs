using System.Text.Json;
using KestrelVoice.CallSimulator.Scripts;
using KestrelVoice.CallSimulator.Webhooks;
using KestrelVoice.EndToEnd.Tests.Running;

namespace KestrelVoice.EndToEnd.Tests;

/// <summary>A caller books, and everybody who should know of it does.</summary>
public sealed class BookingCallTests(RunningProduct product)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private static readonly Step[] Booking =
    [
        new Step.Say("I would like to book an appointment"), new Step.Say("plumbing repair please"), new Step.Press("1"), new Step.Say("My name is Dana Whitfield"),
        new Step.Say("yes"), new Step.Say("no thank you"),
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_booking_by_phone_is_listed_told_and_confirmed_by_text()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var endpoint = await product.Stack.PostAsync("/api/webhooks", new { url = new Uri(receiver.Url, WebhookReceiver.Healthy) }, Token);
        receiver.Expect(WebhookReceiver.Healthy, endpoint.GetProperty("secret").GetString()!);

        var call = await product.CallAsync("+15035551201", null, new("completed", "appointment_booked"), Booking);
        var appointment = (await AppointmentsOfAsync(call)).ShouldHaveSingleItem();
        appointment.GetProperty("source").GetString().ShouldBe("call");
        appointment.GetProperty("service").GetProperty("name").GetString().ShouldBe("Plumbing repair");
        appointment.GetProperty("customer").GetProperty("name").GetString().ShouldBe("Dana Whitfield");
        appointment.GetProperty("customer").GetProperty("phone_number").GetString().ShouldBe("+15035551201");

        var told = await Eventually.Get(
            () => Task.FromResult(receiver.EffectsOf(WebhookReceiver.Healthy).Values
                .Where(body => body.GetProperty("data").GetProperty("call_id").GetString() == call.GetProperty("id").GetString()).ToList()),
            arrived => arrived.Count == 2, Soon, () => product.Stack.Host.Log, Token);
        told.Single(body => EventOf(body) == "call.completed").GetProperty("data").GetProperty("outcome").GetString().ShouldBe("appointment_booked");
        told.Single(body => EventOf(body) == "appointment.booked").GetProperty("data").GetProperty("appointment_id").GetString()
            .ShouldBe(appointment.GetProperty("id").GetString());
        receiver.Complaints.ShouldBeEmpty();

        var texts = await Eventually.Get(
            () => Task.FromResult(product.Twilio.Texts.Where(text => text.To == "+15035551201").ToList()), sent => sent.Count > 0, Soon,
            () => product.Stack.Host.Log, Token);
        texts.ShouldHaveSingleItem().Body.ShouldContain("Plumbing repair is booked for");
        texts[0].From.ShouldBe(product.Stack.Demo.PhoneNumber);
    }

    [Fact]
    public async Task Webhooks_that_come_twice_book_once()
    {
        static WebhookFault Twice(Webhook webhook) => webhook.Kind is WebhookKind.Action ? new WebhookFault(Copies: 2, FreshTokens: true) : WebhookFault.None;

        var call = await product.CallAsync("+15035551202", Twice, new("completed", "appointment_booked"), Booking);
        (await AppointmentsOfAsync(call)).Count.ShouldBe(1);
    }

    private async Task<List<JsonElement>> AppointmentsOfAsync(JsonElement call) =>
    [
        .. (await product.Stack.GetAsync("/api/appointments?limit=100", Token)).GetProperty("data").EnumerateArray()
            .Where(appointment => appointment.GetProperty("call_id").GetString() == call.GetProperty("id").GetString()),
    ];

    private static string? EventOf(JsonElement body) => body.GetProperty("event").GetString();
}
