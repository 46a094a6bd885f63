namespace KestrelVoice.Features.Appointments;

/// <summary>What is offered to somebody who hears it instead of seeing it.</summary>
internal static class TimesByPhone
{
    // More cannot be kept in mind.
    private const int AtOnce = 3;

    // Nobody is at a door sooner than this after a call.
    private static readonly TimeSpan Notice = TimeSpan.FromHours(1);
    private static readonly TimeSpan Search = TimeSpan.FromDays(14);

    public static Interval RangeFrom(DateTime now, DateTime? wanted)
    {
        var from = wanted is { } later && later > now + Notice ? later : now + Notice;
        return new Interval(from, from + Search);
    }

    public static IReadOnlyList<DateTimeOffset> FirstOf(IEnumerable<Slot> slots) =>
        [.. slots.DistinctBy(slot => slot.StartsAt).Take(AtOnce).Select(slot => new DateTimeOffset(slot.StartsAt, TimeSpan.Zero))];

    /// <summary>When a time was taken by somebody else meanwhile.</summary>
    public static async Task<IReadOnlyList<DateTimeOffset>> InsteadOfAsync(
        Schedules schedules, WantedTime wanted, DateTime now, CancellationToken cancellationToken)
    {
        var range = RangeFrom(now, wanted.StartsAt);
        var service = await schedules.FindAsync(wanted.TenantId, wanted.ServiceId, wanted.ResourceId, range, now, cancellationToken, except: wanted.OwnHold);
        return service is null ? [] : FirstOf(service.Availability.Slots(range));
    }
}
