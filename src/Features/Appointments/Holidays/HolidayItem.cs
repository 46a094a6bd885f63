using System.ComponentModel;
using System.Globalization;
using System.Text.Json.Serialization;

namespace KestrelVoice.Features.Appointments.Holidays;

/// <summary>A day on which nobody works.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record HolidayItem(
    [property: Description("YYYY-MM-DD, where the business is.")] string Day,
    [property: Description("Up to 100 characters.")] string? Name = null)
{
    public const int Most = 500;
    public const string Select = "select to_char(day, 'YYYY-MM-DD') as day, name from holidays where tenant_id = @TenantId order by day";

    private static readonly DateOnly Earliest = new(1970, 1, 1);
    private static readonly DateOnly Latest = new(2199, 12, 31);

    /// <returns>What is wrong with a list of them; null when nothing is.</returns>
    public static string? Offence(IReadOnlyList<HolidayItem>? holidays)
    {
        if (holidays is null || holidays.Count > Most)
            return $"data holds up to {Most} days.";
        if (!holidays.All(holiday => IsDay(holiday?.Day)))
            return "day is YYYY-MM-DD.";
        if (!holidays.All(holiday => holiday.Name is null || ScheduleRules.IsName(holiday.Name)))
            return ScheduleRules.NameRule;
        return holidays.GroupBy(holiday => holiday.Day).FirstOrDefault(days => days.Count() > 1) is { } twice ? $"{twice.Key} is there twice." : null;
    }

    private static bool IsDay(string? text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
        && day >= Earliest && day <= Latest;
}
