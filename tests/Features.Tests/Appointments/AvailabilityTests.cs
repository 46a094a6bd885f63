using KestrelVoice.Features.Appointments;

namespace KestrelVoice.Features.Tests.Appointments;

public sealed class AvailabilityTests
{
    private static readonly TimeZoneInfo LosAngeles = TimeZoneInfo.FindSystemTimeZoneById("America/Los_Angeles");
    private static readonly ServiceTimes HalfHour = new(TimeSpan.FromMinutes(30), TimeSpan.Zero, TimeSpan.Zero, TimeSpan.FromMinutes(30));

    [Theory]
    [InlineData("2026-03-07", 8)]
    [InlineData("2026-03-08", 6)]
    [InlineData("2026-11-01", 10)]
    public void The_day_on_which_clocks_change_is_as_long_as_it_is(string day, int slots) =>
        SlotsOn(DateOnly.Parse(day, null), new TimeOnly(0, 0), new TimeOnly(4, 0)).Count().ShouldBe(slots);

    [Fact]
    public void Hours_by_the_clock_stay_where_the_clock_is()
    {
        SlotsOn(new DateOnly(2026, 3, 7), new TimeOnly(8, 0), new TimeOnly(9, 0)).First().StartsAt.Hour.ShouldBe(16);
        SlotsOn(new DateOnly(2026, 3, 8), new TimeOnly(8, 0), new TimeOnly(9, 0)).First().StartsAt.Hour.ShouldBe(15);
    }

    [Fact]
    public void On_holidays_nobody_works() =>
        SlotsOn(new DateOnly(2026, 3, 7), new TimeOnly(8, 0), new TimeOnly(9, 0), holiday: true).ShouldBeEmpty();

    private static IEnumerable<Slot> SlotsOn(DateOnly day, TimeOnly opens, TimeOnly closes, bool holiday = false)
    {
        var technician = new ScheduledResource(Guid.Empty, "Sam", TimeSpan.Zero, [new Shift(day.DayOfWeek, opens, closes)], [], []);
        var availability = new Availability(LosAngeles, holiday ? new HashSet<DateOnly> { day } : [], HalfHour, [technician]);
        var noon = TimeZoneInfo.ConvertTimeToUtc(day.ToDateTime(new TimeOnly(12, 0)), LosAngeles);
        return availability.Slots(new Interval(noon.AddHours(-14), noon.AddHours(12)));
    }
}
