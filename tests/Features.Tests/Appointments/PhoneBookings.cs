using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using KestrelVoice.Contracts;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Tests.Appointments;

/// <summary>Asks the host as the voice app does.</summary>
internal static class PhoneBookings
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<HttpResponseMessage> PostForCall<T>(this KestrelVoiceApp app, string route, T wanted) =>
        app.PostAsSidecar(route, JsonSerializer.Serialize(wanted, ContractJson.Options), "application/json");

    public static async Task<BookingAnswer> AskForCall<T>(this KestrelVoiceApp app, string route, T wanted)
    {
        using var response = await app.PostForCall(route, wanted);
        await response.ShouldBe(HttpStatusCode.OK);
        return (await response.Content.ReadFromJsonAsync<BookingAnswer>(ContractJson.Options, Token))!;
    }

    /// <summary>Holds the first time that is offered.</summary>
    public static async Task<BookingWanted> GivenAHoldOf(this KestrelVoiceApp app, CallHeader call, Guid serviceId)
    {
        var time = (await app.AskForCall(InternalRoutes.Times, new TimesWanted(call.TenantId!.Value, serviceId, null, null))).Times[0];
        var held = await app.AskForCall(InternalRoutes.Hold, new HoldWanted(call, serviceId, time, "Dana Whitfield"));
        return new BookingWanted(call, held.AppointmentId.ShouldNotBeNull(), serviceId, time);
    }

    /// <summary>Books the first time that is offered.</summary>
    public static async Task<Guid> GivenABookingBy(this KestrelVoiceApp app, CallHeader call)
    {
        var trade = await app.GivenATrade(new TestTenant(call.TenantId!.Value, call.To, "A business"));
        var answer = await app.AskForCall(InternalRoutes.Book, await app.GivenAHoldOf(call, TypeId.Parse(TypeId.Service, trade.ServiceId)));
        return answer.AppointmentId.ShouldNotBeNull();
    }
}
