using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Serialization;
using KestrelVoice.Features.Kernel;

namespace KestrelVoice.Features.Appointments.Resources;

/// <summary>A stretch of one day, by the clock where the business is.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record WorkingHours(
    [property: Description("monday to sunday.")] string Day,
    [property: Description("HH:MM, from 00:00 to 23:59.")] string Opens,
    [property: Description("HH:MM. At or before opens it is on the next day: 00:00 is midnight.")] string Closes)
{
    private const int Most = 50;
    private const int Day24 = 24 * 60;
    private const int Week = 7 * Day24;

    private static readonly string[] Days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

    private const string Replace =
        """
        delete from working_hours where tenant_id = @TenantId and resource_id = @ResourceId;
        insert into working_hours (tenant_id, resource_id, day, opens, closes)
        select @TenantId, @ResourceId, day, opens, closes from unnest(@Days, @Opens::time[], @Closes::time[]) as open (day, opens, closes)
        """;

    /// <returns>What is wrong with a week; null when nothing is.</returns>
    public static string? Offence(IReadOnlyList<WorkingHours>? week)
    {
        if (week is null)
            return null;
        if (week.Count > Most)
            return $"working_hours holds up to {Most} stretches.";
        foreach (var hours in week)
        {
            if (hours is null || !Days.Contains(hours.Day))
                return "day of working_hours is one of monday, tuesday, wednesday, thursday, friday, saturday, sunday.";
            if (!TryRead(hours.Opens, out _) || !TryRead(hours.Closes, out _))
                return "opens and closes of working_hours are HH:MM, from 00:00 to 23:59.";
        }
        for (var i = 0; i < week.Count; i++)
        {
            for (var j = i + 1; j < week.Count; j++)
            {
                if (week[i].Overlaps(week[j]))
                    return $"working_hours overlap: {week[i]} and {week[j]}.";
            }
        }
        return null;
    }

    public static Task ReplaceAsync(
        TenantTransaction transaction, Guid resourceId, IReadOnlyList<WorkingHours> week, CancellationToken cancellationToken) =>
        transaction.ExecuteAsync(Replace, new
        {
            ResourceId = resourceId,
            Days = week.Select(hours => hours.Day).ToArray(),
            Opens = week.Select(hours => hours.Opens).ToArray(),
            Closes = week.Select(hours => hours.Closes).ToArray(),
        }, cancellationToken);

    public override string ToString() => $"{Day} {Opens} to {Closes}";

    // Sunday's night goes on in the monday of the same week.
    private bool Overlaps(WorkingHours other)
    {
        var (ours, theirs) = (Stretch(), other.Stretch());
        return new[] { -Week, 0, Week }.Any(shift => ours.Start < theirs.End + shift && theirs.Start + shift < ours.End);
    }

    private (int Start, int End) Stretch()
    {
        var day = Array.IndexOf(Days, Day) * Day24;
        TryRead(Opens, out var opens);
        TryRead(Closes, out var closes);
        return (day + opens, day + (closes > opens ? closes : closes + Day24));
    }

    private static bool TryRead(string? text, out int minutes)
    {
        var read = TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time);
        minutes = (time.Hour * 60) + time.Minute;
        return read;
    }
}
