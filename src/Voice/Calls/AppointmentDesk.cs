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
        var key = FormattableString.Invariant($"errand:{call.CallSid}:{block}");
        if ((await sidecar.ReadStateAsync<Result>(key)).Value is { } known)
            return known.Answer;
        var result = new Result((await AskAsync(call, errand)).Value);
        await sidecar.TryWriteStateAsync(key, result, etag: null, TimeToLive);
        return result.Answer;
    }

    private Task<Reading<BookingAnswer>> AskAsync(CallHeader call, Errand errand) => errand switch
    {
        Errand.FindTimes times => sidecar.AskForAppointmentAsync(
            InternalRoutes.Times, new TimesWanted(call.TenantId.GetValueOrDefault(), times.ServiceId, times.After, times.HoldId)),
        Errand.Hold hold => sidecar.AskForAppointmentAsync(InternalRoutes.Hold, new HoldWanted(call, hold.ServiceId, hold.StartsAt, hold.Name)),
        Errand.Book book => sidecar.AskForAppointmentAsync(InternalRoutes.Book, new BookingWanted(call, book.HoldId, book.ServiceId, book.StartsAt)),
        _ => throw new UnreachableException(),
    };
}
