using System.Diagnostics;
using System.Globalization;
using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>How an appointment is made by talking: what, when, whose, and is that right. Pure, as all decisions: what the host must do comes back as an errand.</summary>
internal static class BookingTalk
{
    private const int MaxMisses = 2;
    private const string LaterKey = "4";
    private const string YesKey = "1";
    private const string NoKey = "2";

    private static readonly string[] ConfirmPhrases = ["right", "correct", "confirm", "book it", "sounds good", "perfect", "that works"];
    private static readonly string[] DenyPhrases = ["no", "not", "wrong", "different", "another", "other"];

    public static Move Begin(RoutingSettings settings, CallHeader call, Progress heard)
    {
        // Somebody must be able to call back, and the confirmation goes there.
        if (call.Direction != "inbound" || !PhoneNumber.CanBeCalled(call.From))
            return new Move.TakeVoicemail(BookingScript.NumberNeeded, Urgent: false);
        var booking = heard with { Booking = Booking.Nothing };
        return settings.Services is [var only]
            ? FindTimes(booking, only.Id, after: null)
            : new Move.Ask(BookingScript.AskService(settings.Services), booking with { Step = Step.Service });
    }

    public static Move Hear(RoutingSettings settings, Progress heard, CallerInput input, IReadOnlyList<string> words, Intent intent)
    {
        // A plain no, or goodbye, ends it; asked whether that is right, it means another time.
        if (intent == Intent.Closing && heard.Step != Step.Confirm)
            return new Move.Ask(BookingScript.Left, heard with { Step = Step.Need, Booking = null });
        return heard.Step switch
        {
            Step.Service => HearService(settings, heard, input, words),
            Step.Time => HearTime(settings, heard, input, words),
            Step.Name => HearName(settings, heard, input, intent),
            _ => HearConfirmation(settings, heard, input, words, intent),
        };
    }

    /// <summary>What the caller is being asked, once more.</summary>
    public static string Question(RoutingSettings settings, Progress progress)
    {
        var booking = progress.Booking!;
        return progress.Step switch
        {
            Step.Service => BookingScript.AskService(settings.Services),
            Step.Time => BookingScript.Offer(NameOf(settings, booking.ServiceId), booking.Times, ZoneOf(settings)),
            Step.Name => BookingScript.AskName,
            _ => BookingScript.Confirm(NameOf(settings, booking.ServiceId), booking.Times[0], name: null, ZoneOf(settings)),
        };
    }

    public static Decision Learn(RoutingSettings settings, Move.Inquire inquiry, BookingAnswer? answer)
    {
        var (errand, then) = (inquiry.Errand, inquiry.Then);
        if (answer is null)
            return new(new Move.TakeVoicemail(errand is Errand.Book ? BookingScript.Unconfirmed : BookingScript.CannotBook, Urgent: false));
        return errand switch
        {
            Errand.FindTimes { After: not null } when answer.Times.Count == 0 =>
                new(new Move.Ask($"{BookingScript.NoLater} {Question(settings, then)}", then)),
            Errand.FindTimes => new(Offer(settings, then, answer.Times)),
            _ when answer.AppointmentId is null => new(Offer(settings, then, answer.Times, BookingScript.JustTaken + " ")),
            Errand.Hold hold => new(AfterHold(settings, then, hold, answer.AppointmentId.Value)),
            Errand.Book book => AfterBooking(settings, then, book, answer.AppointmentId.Value),
            _ => throw new UnreachableException(),
        };
    }

    private static Move HearService(RoutingSettings settings, Progress heard, CallerInput input, IReadOnlyList<string> words) =>
        ServiceIn(settings.Services, input, words) is { } chosen ? FindTimes(heard, chosen.Id, after: null) : Miss(settings, heard);

    private static Move HearTime(RoutingSettings settings, Progress heard, CallerInput input, IReadOnlyList<string> words)
    {
        var booking = heard.Booking!;
        var chosen = input.Keys is { } keys ? PlaceOf(keys, booking.Times.Count) : TimeChoice.Of(booking.Times, ZoneOf(settings), words);
        if (chosen is { } place)
            return Hold(heard, Step.Name, booking.Times[place], name: null);
        return input.Keys == LaterKey || TimeChoice.WantsLater(words) ? FindTimes(heard, booking.ServiceId!.Value, booking.Times[^1]) : Miss(settings, heard);
    }

    private static Move HearName(RoutingSettings settings, Progress heard, CallerInput input, Intent intent) =>
        input.Speech is { } speech && intent is not (Intent.Yes or Intent.Hello) && CallerName.Of(speech) is { } name
            ? Hold(heard, Step.Confirm, heard.Booking!.Times[0], name)
            : Miss(settings, heard);

    private static Move HearConfirmation(RoutingSettings settings, Progress heard, CallerInput input, IReadOnlyList<string> words, Intent intent)
    {
        var booking = heard.Booking!;
        var serviceId = booking.ServiceId!.Value;
        if (input.Keys == NoKey || DenyPhrases.Any(phrase => Words.Contain(words, phrase)))
            return FindTimes(heard, serviceId, after: null);
        return input.Keys == YesKey || intent == Intent.Yes || ConfirmPhrases.Any(phrase => Words.Contain(words, phrase))
            ? new Move.Inquire(new Errand.Book(serviceId, booking.Times[0], booking.HoldId!.Value), heard)
            : Miss(settings, heard);
    }

    private static Move Miss(RoutingSettings settings, Progress heard)
    {
        var misses = heard.Booking!.Misses + 1;
        return misses > MaxMisses
            ? new Move.TakeVoicemail(BookingScript.GivenUp, Urgent: false)
            : new Move.Ask($"{BookingScript.NotUnderstood} {Question(settings, heard)}", heard with { Booking = heard.Booking with { Misses = misses } });
    }

    private static Move.Inquire FindTimes(Progress heard, Guid serviceId, DateTimeOffset? after) => new(
        new Errand.FindTimes(serviceId, after, heard.Booking!.HoldId),
        heard with { Step = Step.Time, Booking = heard.Booking with { ServiceId = serviceId, Misses = 0 } });

    private static Move.Inquire Hold(Progress heard, Step then, DateTimeOffset time, string? name) => new(
        new Errand.Hold(heard.Booking!.ServiceId!.Value, time, name),
        heard with { Step = then, Booking = heard.Booking with { Times = [time], Misses = 0 } });

    private static Move Offer(RoutingSettings settings, Progress then, IReadOnlyList<DateTimeOffset> times, string before = "")
    {
        if (times.Count == 0)
            return new Move.TakeVoicemail(BookingScript.NothingFree, Urgent: false);
        var offering = then with { Step = Step.Time, Booking = then.Booking! with { Times = times } };
        return new Move.Ask(before + Question(settings, offering), offering);
    }

    private static Move.Ask AfterHold(RoutingSettings settings, Progress then, Errand.Hold hold, Guid holdId)
    {
        var held = then with { Booking = then.Booking! with { HoldId = holdId } };
        var zone = ZoneOf(settings);
        return new Move.Ask(
            hold.Name is { } name
                ? BookingScript.Confirm(NameOf(settings, hold.ServiceId), hold.StartsAt, name, zone)
                : BookingScript.AskNameFor(hold.StartsAt, zone),
            held);
    }

    private static Decision AfterBooking(RoutingSettings settings, Progress then, Errand.Book book, Guid appointmentId)
    {
        var service = NameOf(settings, book.ServiceId);
        return new(
            new Move.Ask(BookingScript.Booked(service, book.StartsAt, ZoneOf(settings)), then with { Step = Step.Booked, Booking = null }),
            Made: new MadeAppointment(appointmentId, service, book.StartsAt));
    }

    private static BookableService? ServiceIn(IReadOnlyList<BookableService> services, CallerInput input, IReadOnlyList<string> words)
    {
        if (input.Keys is { } keys)
            return PlaceOf(keys, services.Count) is { } place ? services[place] : null;
        // The one of whose name most words were said.
        var found = services
            .Select(service => (Service: service, Said: Words.Of(service.Name).Distinct().Count(word => Words.Contain(words, word))))
            .Where(match => match.Said > 0)
            .GroupBy(match => match.Said).MaxBy(group => group.Key)?.ToList();
        return found is [var only] ? only.Service : null;
    }

    private static int? PlaceOf(string keys, int count) =>
        int.TryParse(keys, NumberStyles.None, CultureInfo.InvariantCulture, out var place) && place >= 1 && place <= count ? place - 1 : null;

    private static string NameOf(RoutingSettings settings, Guid? serviceId) =>
        settings.Services.FirstOrDefault(service => service.Id == serviceId)?.Name ?? "your appointment";

    // A zone that this machine does not know: better an hour that is said with its name than no appointment.
    private static TimeZoneInfo ZoneOf(RoutingSettings settings) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(settings.TimeZone, out var zone) ? zone : TimeZoneInfo.Utc;
}
