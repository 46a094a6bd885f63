using System.Xml.Linq;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Receptionist;

namespace KestrelVoice.Voice.Tests.Receptionist;

public sealed class BookingTalkTests
{
    private readonly Calendar _calendar = Calendar.HalfHours(8);

    [Fact]
    public void An_appointment_is_made_by_words_alone()
    {
        var line = Call();
        line.LastSaid.ShouldContain("To book an appointment press 2");

        line.Says("I'd like to book somebody").LastSaid.ShouldBe(
            "What would you like to book? For Plumbing repair press 1. For Water heater service press 2. Or say its name.");
        line.Says("the water heater please").LastSaid.ShouldBe(
            "For Water heater service I can offer: Tuesday December 1st at 8 in the morning, press 1. Tuesday December 1st at 8 30 in the morning, press 2. "
            + "Tuesday December 1st at 9 in the morning, press 3. For later times press 4.");
        line.Says("the second one").LastSaid.ShouldBe("Tuesday December 1st at 8 30 in the morning. " + BookingScript.AskName);
        line.Says("It's Dana Whitfield, please.").LastSaid.ShouldStartWith(
            "Water heater service on Tuesday December 1st at 8 30 in the morning, under the name Dana Whitfield. Is that right?");
        line.Says("yes please").LastSaid.ShouldBe(
            "It is booked: Water heater service on Tuesday December 1st at 8 30 in the morning. Is there anything else?");
        line.Says("no thank you").LastSaid.ShouldBe(BookingScript.Goodbye);

        line.IsOver.ShouldBeTrue();
        _calendar.Booked.ShouldBe([Calendar.Eight.AddMinutes(30)]);
        _calendar.HeldFor.ShouldBe("Dana Whitfield");
        line.Events.OfType<AppointmentBookedInCall>().ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            booked => booked.AppointmentId.ShouldBe(Calendar.IdOf(Calendar.Eight.AddMinutes(30))),
            booked => booked.Service.ShouldBe("Water heater service"),
            booked => booked.StartsAt.ShouldBe(Calendar.Eight.AddMinutes(30)));
    }

    [Fact]
    public void Keys_do_all_but_the_name()
    {
        var line = Call().Presses("2").Presses("1").Presses("3").Says("Dana").Presses("1");

        _calendar.Booked.ShouldBe([Calendar.Eight.AddHours(1)]);
        line.Presses("0").Dial!.Element("Number")!.Value.ShouldBe(Tenant.Person);
    }

    [Fact]
    public void A_business_with_one_service_does_not_ask_which() =>
        new SimulatedLine(Tenant.Open with { Services = [Tenant.Repair] }, _calendar).Says("can someone come out").LastSaid.ShouldStartWith("For Plumbing repair");

    [Fact]
    public void Without_services_nobody_is_asked_to_book_and_the_wish_is_a_message()
    {
        var line = new SimulatedLine(Tenant.Open, _calendar);

        line.LastSaid.ShouldEndWith(Script.AskNeed);
        line.Says("I want an appointment").LastSaid.ShouldBe(Script.Noted);
        line.Presses("2").LastSaid.ShouldBe(Script.UnknownKey);
        _calendar.Errands.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("please cancel my appointment")]
    [InlineData("I have to reschedule")]
    public void Whoever_wants_another_appointment_changed_leaves_that_as_a_message(string said) => Call().Says(said).LastSaid.ShouldBe(Script.Noted);

    [Fact]
    public void Later_times_follow_until_there_are_none()
    {
        var line = Call().Presses("2").Presses("1").Presses("4");

        line.LastSaid.ShouldContain("9 30 in the morning, press 1");
        line.Says("something later please").LastSaid.ShouldContain("11 in the morning, press 1");
        line.Presses("4").LastSaid.ShouldStartWith(BookingScript.NoLater + " For Plumbing repair I can offer: Tuesday December 1st at 11 in the morning, press 1.");
        line.Presses("2").Says("Dana").Says("that's right").Events.OfType<AppointmentBookedInCall>().Single().StartsAt.ShouldBe(Calendar.Eight.AddMinutes(210));
    }

    [Fact]
    public void Another_time_is_found_for_whoever_says_no()
    {
        var line = Call().Presses("2").Presses("1").Presses("1").Says("Dana").Says("no, another time");

        line.LastSaid.ShouldStartWith("For Plumbing repair I can offer:");
        _calendar.Errands[^1].ShouldBe(new Errand.FindTimes(Tenant.Repair.Id, null, Calendar.IdOf(Calendar.Eight)));
        _calendar.Booked.ShouldBeEmpty();
    }

    [Fact]
    public void A_time_that_somebody_else_took_meanwhile_is_replaced_by_the_next_ones()
    {
        var line = Call().Presses("2").Presses("1");
        _calendar.Take(Calendar.Eight);
        line.Presses("1").LastSaid.ShouldStartWith(BookingScript.JustTaken + " For Plumbing repair I can offer: Tuesday December 1st at 8 30");

        line.Presses("1").Says("Dana");
        _calendar.Take(Calendar.Eight.AddMinutes(30));
        line.Presses("1").LastSaid.ShouldStartWith(BookingScript.JustTaken + " For Plumbing repair I can offer: Tuesday December 1st at 9 in the morning");
        line.Events.OfType<AppointmentBookedInCall>().ShouldBeEmpty();
    }

    [Fact]
    public void Without_the_host_a_message_is_taken_instead()
    {
        var line = Call();
        _calendar.IsAway = true;

        line.Presses("2").Presses("1").LastSaid.ShouldBe(BookingScript.CannotBook);
        line.Record.ShouldNotBeNull();
    }

    [Fact]
    public void A_booking_that_the_host_did_not_confirm_is_not_claimed()
    {
        var line = Call().Presses("2").Presses("1").Presses("1").Says("Dana");
        _calendar.IsAway = true;

        line.Presses("1").LastSaid.ShouldBe(BookingScript.Unconfirmed);
        line.Events.OfType<AppointmentBookedInCall>().ShouldBeEmpty();
    }

    [Fact]
    public void When_nothing_is_free_a_message_is_taken() =>
        new SimulatedLine(Tenant.Booking, new Calendar()).Presses("2").Presses("1").LastSaid.ShouldBe(BookingScript.NothingFree);

    [Theory]
    [InlineData("anonymous")]
    [InlineData("+266696687")]
    [InlineData("sip:dana@example.com")]
    public void Without_a_number_there_is_nobody_to_book_for(string from) =>
        new SimulatedLine(Tenant.Booking, _calendar, from).Presses("2").LastSaid.ShouldBe(BookingScript.NumberNeeded);

    public static TheoryData<string> Stages => new("2", "2 1", "2 1 1", "2 1 1 Dana");

    [Theory]
    [MemberData(nameof(Stages))]
    public void An_emergency_escalates_at_every_stage(string answers)
    {
        var line = At(answers).Says("wait, there is a gas leak");

        line.Dial!.Element("Number")!.Value.ShouldBe(Tenant.OnCall);
        line.Events.OfType<EmergencyDetected>().Single().Phrase.ShouldBe("gas leak");
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void A_person_and_the_voicemail_are_reached_at_every_stage(string answers)
    {
        At(answers).Presses("0").Dial!.Element("Number")!.Value.ShouldBe(Tenant.Person);
        At(answers).Says("let me talk to a person").Dial.ShouldNotBeNull();
        At(answers).Presses("9").LastSaid.ShouldBe(Script.Voicemail);
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void Silence_is_asked_about_twice_at_every_stage_and_then_a_message_is_taken(string answers)
    {
        var line = At(answers).KeepsSilent().KeepsSilent();
        line.Gather.ShouldNotBeNull();

        line.KeepsSilent().LastSaid.ShouldBe(BookingScript.GivenUp);
        line.Record.ShouldNotBeNull();
    }

    [Theory]
    [MemberData(nameof(Stages))]
    public void What_is_not_understood_three_times_at_any_stage_ends_in_a_message(string answers)
    {
        var line = At(answers).Presses("7").Presses("8");
        line.LastSaid.ShouldStartWith(BookingScript.NotUnderstood);

        line.Presses("#").LastSaid.ShouldBe(BookingScript.GivenUp);
    }

    [Fact]
    public void Whoever_thinks_better_of_it_is_asked_what_else_there_is() =>
        Call().Presses("2").Presses("1").Says("never mind").LastSaid.ShouldBe(BookingScript.Left);

    [Fact]
    public void After_hours_one_can_book_but_nobodys_phone_rings()
    {
        static SimulatedLine Closed() => new(Tenant.Booking with { OpeningHours = [] }, Calendar.HalfHours(3));
        Closed().LastSaid.ShouldEndWith(Script.ClosedOrBook);
        Closed().Presses("1").Events.OfType<EmergencyDetected>().Single().Phrase.ShouldBe(ScriptedEngine.EmergencyKeyPhrase);

        Closed().Says("I want to book").Presses("1").Presses("1").Says("Dana").Presses("1").Events.OfType<AppointmentBookedInCall>().Count().ShouldBe(1);
        var line = Closed().Presses("2").Presses("0");
        line.Dial.ShouldBeNull();
        line.LastSaid.ShouldBe(Script.AfterHoursVoicemail);
    }

    [Fact]
    public void No_URL_carries_the_name() =>
        Call().Presses("2").Presses("1").Presses("1").Says("Rumpelstiltskin").Documents.SelectMany(document => document.Descendants().Attributes())
            .ShouldAllBe(attribute => !attribute.Value.Contains("Rumpel", StringComparison.Ordinal));

    private SimulatedLine Call() => new(Tenant.Booking, _calendar);

    private static SimulatedLine At(string answers) => answers.Split(' ').Aggregate(
        new SimulatedLine(Tenant.Booking, Calendar.HalfHours(8)), (line, answer) => answer.Length == 1 ? line.Presses(answer) : line.Says(answer));
}
