using System.Globalization;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Receptionist;

public sealed class BusinessHoursTests
{
    private const string LosAngeles = "America/Los_Angeles";

    [Theory]
    [InlineData(LosAngeles, "Monday 08:00-17:00", "2026-01-12T15:59:59Z", false)]
    [InlineData(LosAngeles, "Monday 08:00-17:00", "2026-01-12T16:00:00Z", true)]
    [InlineData(LosAngeles, "Monday 08:00-17:00", "2026-01-13T00:59:59Z", true)]
    [InlineData(LosAngeles, "Monday 08:00-17:00", "2026-01-13T01:00:00Z", false)]
    [InlineData(LosAngeles, "Monday 08:00-17:00", "2026-01-13T18:00:00Z", false)]
    [InlineData(LosAngeles, "Monday 08:00-12:00, Monday 13:00-17:00", "2026-01-12T20:30:00Z", false)]
    [InlineData(LosAngeles, "Monday 08:00-12:00, Monday 13:00-17:00", "2026-01-12T21:30:00Z", true)]
    // The same wall clock in summer is an hour earlier in UTC.
    [InlineData(LosAngeles, "Monday 08:00-17:00", "2026-07-13T15:00:00Z", true)]
    [InlineData(LosAngeles, "Monday 08:00-17:00", "2026-07-14T00:00:00Z", false)]
    // Spring forward: 02:00 to 03:00 does not exist on 2026-03-08.
    [InlineData(LosAngeles, "Sunday 02:30-06:00", "2026-03-08T09:59:59Z", false)]
    [InlineData(LosAngeles, "Sunday 02:30-06:00", "2026-03-08T10:00:00Z", true)]
    [InlineData(LosAngeles, "Sunday 01:00-02:30", "2026-03-08T09:30:00Z", true)]
    [InlineData(LosAngeles, "Sunday 01:00-02:30", "2026-03-08T10:00:00Z", false)]
    // Fall back: 01:00 to 02:00 happens twice on 2026-11-01, and both count.
    [InlineData(LosAngeles, "Sunday 01:00-02:00", "2026-11-01T08:30:00Z", true)]
    [InlineData(LosAngeles, "Sunday 01:00-02:00", "2026-11-01T09:30:00Z", true)]
    [InlineData(LosAngeles, "Sunday 01:00-02:00", "2026-11-01T10:00:00Z", false)]
    // Overnight belongs to the day on which it opens.
    [InlineData(LosAngeles, "Friday 22:00-06:00", "2026-01-17T05:59:59Z", false)]
    [InlineData(LosAngeles, "Friday 22:00-06:00", "2026-01-17T06:00:00Z", true)]
    [InlineData(LosAngeles, "Friday 22:00-06:00", "2026-01-17T13:59:59Z", true)]
    [InlineData(LosAngeles, "Friday 22:00-06:00", "2026-01-17T14:00:00Z", false)]
    [InlineData(LosAngeles, "Friday 22:00-06:00", "2026-01-16T13:00:00Z", false)]
    [InlineData(LosAngeles, "Saturday 22:00-06:00", "2026-01-18T13:00:00Z", true)]
    [InlineData(LosAngeles, "Saturday 22:00-06:00", "2026-03-08T12:59:59Z", true)]
    [InlineData(LosAngeles, "Saturday 22:00-06:00", "2026-03-08T13:00:00Z", false)]
    // 00:00 to 00:00 is the whole day, and no minute more.
    [InlineData(LosAngeles, "Monday 00:00-00:00", "2026-01-12T08:00:00Z", true)]
    [InlineData(LosAngeles, "Monday 00:00-00:00", "2026-01-13T07:59:59Z", true)]
    [InlineData(LosAngeles, "Monday 00:00-00:00", "2026-01-13T08:00:00Z", false)]
    [InlineData("Asia/Kathmandu", "Monday 09:00-10:00", "2026-01-12T03:15:00Z", true)]
    [InlineData("Asia/Kathmandu", "Monday 09:00-10:00", "2026-01-12T03:14:59Z", false)]
    [InlineData("UTC", "Monday 09:00-10:00", "2026-01-12T09:30:00Z", true)]
    [InlineData(LosAngeles, "", "2026-01-12T18:00:00Z", false)]
    public void The_clock_on_the_wall_decides(string zone, string hours, string at, bool open) =>
        BusinessHours.AreOpen(Tenant.Open with { TimeZone = zone, OpeningHours = Parse(hours) }, DateTimeOffset.Parse(at, CultureInfo.InvariantCulture)).ShouldBe(open);

    [Theory]
    [InlineData("Mars/Olympus_Mons")]
    [InlineData("")]
    [InlineData("../../etc/passwd")]
    public void An_unknown_zone_sends_nobody_away(string zone) =>
        BusinessHours.AreOpen(Tenant.Closed with { TimeZone = zone }, DateTimeOffset.UnixEpoch).ShouldBeTrue();

    private static OpeningHours[] Parse(string hours) =>
    [
        .. hours.Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(opening => opening.Split(' ', '-')).Select(parts => new OpeningHours(
            Enum.Parse<DayOfWeek>(parts[0]), TimeOnly.Parse(parts[1], CultureInfo.InvariantCulture), TimeOnly.Parse(parts[2], CultureInfo.InvariantCulture))),
    ];
}
