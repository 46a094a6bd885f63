using System.Text.Json;

namespace KestrelVoice.Features.Tests.Events;

public sealed class ListEventTypesTests(KestrelVoiceApp app) : IClassFixture<KestrelVoiceApp>
{
    [Fact]
    public async Task The_types_are_a_plain_array_for_a_dropdown()
    {
        using var client = app.ClientFor(await app.GivenATenant(), "read");

        var types = await client.ReadAsync("/api/events/types");

        JsonElement.DeepEquals(types, JsonElement.Parse(
            """
            [{"key":"call.completed","label":"Call completed"},{"key":"call.missed","label":"Call missed"},
             {"key":"emergency.detected","label":"Emergency detected"},{"key":"appointment.booked","label":"Appointment booked"}]
            """)).ShouldBeTrue(types.GetRawText());
    }
}
