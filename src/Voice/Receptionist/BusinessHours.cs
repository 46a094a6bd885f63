using KestrelVoice.Contracts;

namespace KestrelVoice.Voice.Receptionist;

internal static class BusinessHours
{
    /// <summary>Whether the clock on the business's wall is within its hours. A zone that this machine does not know counts as open.</summary>
    public static bool AreOpen(RoutingSettings settings, DateTimeOffset at)
    {
        // A receptionist who answers out of hours still takes the message; one who sends everybody away loses the work.
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(settings.TimeZone, out var zone))
            return true;
        var local = TimeZoneInfo.ConvertTime(at, zone);
        return settings.OpeningHours.Any(opening => Covers(opening, local.DayOfWeek, TimeOnly.FromTimeSpan(local.TimeOfDay)));
    }

    private static bool Covers(OpeningHours opening, DayOfWeek day, TimeOnly time)
    {
        var overnight = opening.Closes <= opening.Opens;
        if (opening.Day == day && time >= opening.Opens && (overnight || time < opening.Closes))
            return true;
        return overnight && DayAfter(opening.Day) == day && time < opening.Closes;
    }

    private static DayOfWeek DayAfter(DayOfWeek day) => (DayOfWeek)(((int)day + 1) % 7);
}
