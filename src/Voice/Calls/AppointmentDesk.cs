using System.Diagnostics;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Dapr;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Calls;

/// <summary>
/// Runs the receptionist's errands to the host. What came of one is kept with the call, failures too, so that a request that is repeated repeats its reply;
/// and the host books once whatever is lost here.
/// </summary>
internal sealed class AppointmentDesk(Sidecar sidecar)
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromHours(6);

    private sealed record Result(BookingAnswer? Answer);

    /// <returns>Null when the host could not be asked, or refuses.</returns>
    public async Task<BookingAnswer?> RunAsync(CallHeader call, int block, Errand errand)
    {
        // Side by side: a caller must not wait for one after the other, and a repeated errand does nothing new.
        var known = sidecar.ReadStateAsync<Result>(KeyOf(call, block));
        var asked = AskAsync(call, errand);
        await Task.WhenAll(known, asked);
        return (await known).Value is { } result ? result.Answer : (await asked).Value;
    }

    public Task KeepAsync(CallHeader call, int block, BookingAnswer? answer) =>
        sidecar.TryWriteStateAsync(KeyOf(call, block), new Result(answer), etag: null, TimeToLive);

    private static string KeyOf(CallHeader call, int block) => FormattableString.Invariant($"errand:{call.CallSid}:{block}");

    private Task<Reading<BookingAnswer>> AskAsync(CallHeader call, Errand errand) => errand switch
    {
        Errand.FindTimes times => sidecar.AskForAppointmentAsync(
            InternalRoutes.Times, new TimesWanted(call.TenantId.GetValueOrDefault(), times.ServiceId, times.After, times.HoldId)),
        Errand.Hold hold => sidecar.AskForAppointmentAsync(InternalRoutes.Hold, new HoldWanted(call, hold.ServiceId, hold.StartsAt, hold.Name)),
        Errand.Book book => sidecar.AskForAppointmentAsync(InternalRoutes.Book, new BookingWanted(call, book.HoldId, book.ServiceId, book.StartsAt)),
        _ => throw new UnreachableException(),
    };
}
