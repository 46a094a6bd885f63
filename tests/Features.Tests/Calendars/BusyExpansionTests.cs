using System.Globalization;
using KestrelVoice.Features.Calendars;

namespace KestrelVoice.Features.Tests.Calendars;

public sealed class BusyExpansionTests
{
    private const string Zone = "America/New_York";
    private const string Start = "DTSTART:20260310T090000Z";
    private const string End = "DTEND:20260310T100000Z";

    [Fact]
    public void A_series_keeps_its_hour_over_the_change_of_clocks() =>
        Busy("2026-03-07", "2026-03-10", "DTSTART;TZID=America/New_York:20260101T090000", "DTEND;TZID=America/New_York:20260101T100000", "RRULE:FREQ=DAILY")
            .ShouldBe(["2026-03-07T14:00Z-15:00Z", "2026-03-08T13:00Z-14:00Z", "2026-03-09T13:00Z-14:00Z"]);

    [Fact]
    public void Exceptions_and_moved_instances_are_where_they_are()
    {
        var text = RadicaleUser.Event("a", "DTSTART:20260309T140000Z", "DTEND:20260309T150000Z", "RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20260310T140000Z")
            .Replace("END:VCALENDAR", "BEGIN:VEVENT\r\nUID:a@test\r\nDTSTAMP:20260301T000000Z\r\nRECURRENCE-ID:20260311T140000Z\r\n"
                + "DTSTART:20260311T180000Z\r\nDTEND:20260311T190000Z\r\nEND:VEVENT\r\nEND:VCALENDAR", StringComparison.Ordinal);

        Expand(text, "2026-03-09", "2026-03-14").ShouldBe(["2026-03-09T14:00Z-15:00Z", "2026-03-11T18:00Z-19:00Z", "2026-03-12T14:00Z-15:00Z"]);
    }

    [Fact]
    public void A_whole_day_is_the_tenants_own_and_23_hours_when_the_clocks_change() =>
        Busy("2026-03-01", "2026-03-20", "DTSTART;VALUE=DATE:20260308").ShouldBe(["2026-03-08T05:00Z-04:00Z"]);

    [Fact]
    public void Times_without_a_zone_are_the_tenants() =>
        Busy("2026-03-01", "2026-03-20", "DTSTART:20260310T090000", "DTEND:20260310T100000").ShouldBe(["2026-03-10T13:00Z-14:00Z"]);

    [Theory]
    [InlineData("STATUS:CANCELLED")]
    [InlineData("TRANSP:TRANSPARENT")]
    public void What_is_off_or_takes_no_time_is_free(string line) =>
        Busy("2026-03-01", "2026-03-20", "DTSTART:20260310T090000Z", "DTEND:20260310T100000Z", line).ShouldBeEmpty();

    [Fact]
    public void What_may_happen_is_busy() =>
        Busy("2026-03-01", "2026-03-20", "DTSTART:20260310T090000Z", "DTEND:20260310T100000Z", "STATUS:TENTATIVE").ShouldHaveSingleItem();

    [Fact]
    public void The_last_day_of_a_series_counts_when_it_is_given_as_a_date() =>
        Busy("2026-03-01", "2026-03-20", "DTSTART:20260309T090000Z", "DTEND:20260309T100000Z", "RRULE:FREQ=DAILY;UNTIL=20260311").Count.ShouldBe(3);

    [Fact]
    public void What_runs_already_is_cut_to_the_range_and_what_overlaps_is_one() =>
        Expand(
            RadicaleUser.Event("a", "DTSTART:20260308T200000Z", "DTEND:20260309T020000Z").Replace(
                "END:VCALENDAR", "BEGIN:VEVENT\r\nUID:b\r\nDTSTAMP:20260301T000000Z\r\nDTSTART:20260309T010000Z\r\nDTEND:20260309T030000Z\r\nEND:VEVENT\r\nEND:VCALENDAR",
                StringComparison.Ordinal),
            "2026-03-09", "2026-03-10").ShouldBe(["2026-03-09T00:00Z-03:00Z"]);

    [Fact]
    public void A_zone_that_nobody_knows_makes_a_wide_berth()
    {
        var busy = Busy("2026-03-01", "2026-03-20", "DTSTART;TZID=Customized Time Zone:20260310T090000", "DTEND;TZID=Customized Time Zone:20260310T100000");

        // Wherever that is, and whatever it is there.
        busy.ShouldHaveSingleItem().ShouldBe("2026-03-09T23:00Z-04:00Z");
    }

    [Fact]
    public void A_rule_that_can_never_be_met_takes_no_time() =>
        Busy("2026-03-01", "2026-03-20", Start, End, "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").ShouldBeEmpty();

    [Theory]
    [InlineData("RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")]
    [InlineData("RRULE:FREQ=MINUTELY;BYMONTH=12")]
    public void What_cannot_be_evaluated_is_busy(string rule)
    {
        Busy("2026-03-01", "2026-03-20", Start, End, rule).ShouldBe(["2026-03-01T00:00Z-00:00Z"]);
        Busy("2026-03-01", "2026-03-20", Start, End, rule, "TRANSP:TRANSPARENT").ShouldBeEmpty();
    }

    [Fact]
    public void What_stops_being_evaluated_is_busy_from_there() =>
        Busy("2026-03-01", "2026-03-20", Start, End, "RRULE:FREQ=MINUTELY;BYDAY=TU;BYHOUR=9;BYMINUTE=0")
            .ShouldBe(["2026-03-10T09:00Z-00:00Z"]);

    [Theory]
    [InlineData("DTSTART:20260301T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY;INTERVAL=2")]
    [InlineData("DTSTART:20000301T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY")]
    [InlineData("DTSTART:20260301T000000Z", "DURATION:P9999999D", "RRULE:FREQ=DAILY")]
    public void What_is_out_of_all_proportion_is_busy_without_a_long_evaluation(params string[] lines)
    {
        Busy("2026-03-01", "2026-03-20", lines)[0].ShouldStartWith("2026-03-01T00:00Z");
        Busy("2026-03-01", "2026-03-20", lines)[^1].ShouldEndWith("00:00Z");
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:yesterday\r\nEND:VEVENT\r\nEND:VCALENDAR")]
    public void What_cannot_be_read_says_so(string text) =>
        BusyExpansion.Expand(text, Zone, Range("2026-03-01", "2026-03-20")).ShouldBeNull();

    [Fact]
    public void Nothing_is_nothing() => BusyExpansion.Expand("", Zone, Range("2026-03-01", "2026-03-20")).ShouldNotBeNull().ShouldBeEmpty();

    private static IReadOnlyList<string> Busy(string from, string to, params string[] lines) => Expand(RadicaleUser.Event("a", lines), from, to);

    private static IReadOnlyList<string> Expand(string text, string from, string to) =>
        [.. BusyExpansion.Expand(text, Zone, Range(from, to)).ShouldNotBeNull().Select(time => $"{time.Start:yyyy-MM-dd'T'HH:mm}Z-{time.End:HH:mm}Z")];

    private static BusyTime Range(string from, string to) => new(Midnight(from), Midnight(to));

    private static DateTimeOffset Midnight(string day) => DateTimeOffset.Parse(day + "T00:00Z", CultureInfo.InvariantCulture);
}
