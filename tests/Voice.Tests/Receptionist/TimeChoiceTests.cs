using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Receptionist;

public sealed class TimeChoiceTests
{
    private static readonly TimeZoneInfo LosAngeles = TimeZoneInfo.FindSystemTimeZoneById("America/Los_Angeles");

    // Tuesday at 8 and at half past, Wednesday at 2 in the afternoon.
    private static readonly DateTimeOffset[] Offered = [Calendar.Eight, Calendar.Eight.AddMinutes(30), Calendar.Eight.AddHours(30)];

    [Theory]
    [InlineData("the first one", 0)]
    [InlineData("second", 1)]
    [InlineData("number three please", 2)]
    [InlineData("I'll take the last one", 2)]
    [InlineData("Wednesday works", 2)]
    [InlineData("the afternoon", 2)]
    [InlineData("2 p.m.", 2)]
    [InlineData("at two", 2)]
    [InlineData("at eight", 0)]
    [InlineData("8 o'clock", 0)]
    [InlineData("eight thirty", 1)]
    [InlineData("8:30", 1)]
    [InlineData("830", 1)]
    [InlineData("half past eight", 1)]
    [InlineData("Tuesday at 8 30", 1)]
    [InlineData("Tuesday, the second", 1)]
    [InlineData("two", 1)]
    public void A_place_a_day_or_an_hour_that_only_one_has_chooses_it(string said, int index) => Choice(said).ShouldBe(index);

    [Theory]
    [InlineData("Tuesday")]
    [InlineData("in the morning")]
    [InlineData("Thursday")]
    [InlineData("at eleven")]
    [InlineData("the first or the second")]
    [InlineData("Wednesday, the first")]
    [InlineData("my sink is clogged")]
    [InlineData("")]
    public void What_means_several_or_none_chooses_nothing(string said) => Choice(said).ShouldBeNull();

    [Theory]
    [InlineData("2026-12-01T16:00:00Z", "Tuesday December 1st at 8 in the morning")]
    [InlineData("2026-12-02T20:00:00Z", "Wednesday December 2nd at noon")]
    [InlineData("2026-07-03T20:05:00Z", "Friday July 3rd at 1 oh 5 in the afternoon")]
    [InlineData("2026-07-12T00:15:00Z", "Saturday July 11th at 5 15 in the evening")]
    public void Times_are_spoken_by_the_clock_on_the_tenants_wall(string time, string spoken) =>
        SpokenTime.Of(DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture), LosAngeles).ShouldBe(spoken);

    [Theory]
    [InlineData("Dana Whitfield", "Dana Whitfield")]
    [InlineData("It's Dana.", "Dana")]
    [InlineData("Um, yeah, my name is Mary-Ann O'Neil, thank you", "Mary-Ann O'Neil")]
    [InlineData("put it under José Núñez please", "José Núñez")]
    [InlineData("This is Dana speaking", "Dana")]
    [InlineData("um", null)]
    [InlineData("12 34", null)]
    [InlineData("my kitchen sink has been leaking since this morning", null)]
    public void A_name_is_what_is_left_without_the_words_around_it(string said, string? name) => CallerName.Of(said).ShouldBe(name);

    private static int? Choice(string said) => TimeChoice.Of(Offered, LosAngeles, Words.Of(said));
}
