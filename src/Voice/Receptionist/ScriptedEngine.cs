using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>The receptionist by script: pure decisions from settings, progress and what the caller did.</summary>
internal static class ScriptedEngine
{
    public const int MaxInputs = 8;
    public const int MaxSilences = 2;

    /// <summary>A booking takes some answers of its own.</summary>
    public const int MaxInputsWithBooking = 20;

    /// <summary>What <see cref="EmergencyDetected.Phrase"/> says when the caller pressed the key instead.</summary>
    public const string EmergencyKeyPhrase = "key 1";

    private const string PersonKey = "0";
    private const string EmergencyKey = "1";
    private const string BookKey = "2";
    private const string VoicemailKey = "9";

    public static Decision Greet(RoutingSettings? settings, bool open) => (settings, open) switch
    {
        (null, _) => new(new Move.TakeVoicemail(Script.GenericGreeting, Urgent: false)),
        (_, true) => new(
            new Move.Ask(BooksByPhone(settings) ? Script.AskNeedOrBook : Script.AskNeed, Progress.Start), Greeting: Script.Greeting(settings)),
        (_, false) => new(
            new Move.AskThenVoicemail(BooksByPhone(settings) ? Script.ClosedOrBook : Script.Closed, new Progress(Step.AfterHours, 0, 0)),
            Greeting: Script.Greeting(settings)),
    };

    public static Decision Hear(RoutingSettings? settings, CallHeader call, Progress progress, CallerInput input)
    {
        var dialled = call.To;
        if (settings is null)
            return new(new Move.TakeVoicemail(Script.LostThread, Urgent: false));
        if (input.IsSilence)
            return new(AfterSilence(settings, progress));

        var words = Words.Of(input.Speech ?? "");
        if (EmergencyIn(settings, progress, input, words) is { } phrase)
            return new(Escalate(settings, dialled), phrase);

        var heard = progress with { Inputs = progress.Inputs + 1, Silences = 0 };
        var intent = IntentOf(input, words);
        if (intent == Intent.Book && !heard.IsBooking && BooksByPhone(settings) && heard.Inputs < MaxInputsWithBooking)
            return new(BookingTalk.Begin(settings, call, heard with { Closed = heard.Closed || heard.Step == Step.AfterHours }));
        if (progress.Step == Step.AfterHours)
            return new(new Move.TakeVoicemail(Script.AfterHoursVoicemail, Urgent: false));
        return new(intent switch
        {
            Intent.Person => Connect(settings, dialled, heard),
            Intent.Voicemail => new Move.TakeVoicemail(Script.Voicemail, Urgent: false),
            _ when heard.IsBooking && heard.Inputs >= MaxInputsWithBooking => new Move.TakeVoicemail(BookingScript.GivenUp, Urgent: false),
            _ when heard.IsBooking => BookingTalk.Hear(settings, heard, input, words, intent),
            _ => input.Keys is null ? OnSpeech(heard, intent) : OnUnknownKey(settings, heard),
        });
    }

    /// <summary>What an errand led to.</summary>
    /// <param name="answer">Null when the host could not be asked.</param>
    public static Decision Learn(RoutingSettings settings, Move.Inquire inquiry, BookingAnswer? answer) => BookingTalk.Learn(settings, inquiry, answer);

    public static Decision AfterDial(DialTarget target, bool bridged) => new((target, bridged) switch
    {
        (_, true) => new Move.HangUp(null),
        (DialTarget.OnCall, false) => new Move.TakeVoicemail(Script.OnCallDidNotAnswer, Urgent: true),
        (_, false) => new Move.TakeVoicemail(Script.PersonDidNotAnswer, Urgent: false),
    });

    public static Decision AfterVoicemail(bool left, bool urgent) =>
        new(new Move.HangUp(!left ? Script.NothingRecorded : urgent ? Script.UrgentVoicemailTaken : Script.VoicemailTaken));

    private static string? EmergencyIn(RoutingSettings settings, Progress progress, CallerInput input, IReadOnlyList<string> words) =>
        progress.Step == Step.AfterHours && input.Keys == EmergencyKey
            ? EmergencyKeyPhrase
            : settings.EmergencyPhrases.FirstOrDefault(phrase => Words.Contain(words, phrase));

    // At a question about the booking, keys choose among what was offered.
    private static Intent IntentOf(CallerInput input, IReadOnlyList<string> words) => input.Keys switch
    {
        null => Intents.Recognise(words),
        PersonKey => Intent.Person,
        VoicemailKey => Intent.Voicemail,
        BookKey => Intent.Book,
        _ => Intent.Message,
    };

    private static bool BooksByPhone(RoutingSettings settings) => settings.Services.Count > 0;

    private static Move AfterSilence(RoutingSettings settings, Progress progress)
    {
        if (progress.Step == Step.AfterHours)
            return new Move.TakeVoicemail(Script.AfterHoursVoicemail, Urgent: false);
        if (progress.Silences < MaxSilences)
            return new Move.Ask(AskAgain(settings, progress), progress with { Silences = progress.Silences + 1 });
        // Whoever has said what they need and then falls silent has been served.
        return progress.Step switch
        {
            Step.Need => new Move.TakeVoicemail(Script.NothingHeard, Urgent: false),
            _ when progress.IsBooking => new Move.TakeVoicemail(BookingScript.GivenUp, Urgent: false),
            _ => Close(progress),
        };
    }

    private static string AskAgain(RoutingSettings settings, Progress progress) => progress.Step switch
    {
        Step.Need => BooksByPhone(settings) ? Script.AskNeedOrBookAgain : Script.AskNeedAgain,
        _ when progress.IsBooking => BookingTalk.Question(settings, progress),
        _ => Script.AskMoreAgain,
    };

    private static Move OnUnknownKey(RoutingSettings settings, Progress heard) => heard.Inputs >= MaxInputs
        ? Close(heard)
        : new Move.Ask(BooksByPhone(settings) ? Script.UnknownKeyOrBook : Script.UnknownKey, heard);

    private static Move OnSpeech(Progress heard, Intent intent) => intent switch
    {
        Intent.Closing => Close(heard),
        _ when heard.Inputs >= MaxInputs => Close(heard),
        Intent.Hello when heard.Step == Step.Need => new Move.Ask(Script.Hello, heard),
        Intent.Yes => new Move.Ask(Script.GoAhead, heard),
        _ => new Move.Ask(heard.Step == Step.More ? Script.NotedToo : Script.Noted, heard with { Step = Step.More }),
    };

    private static Move.HangUp Close(Progress heard) => new(heard.Step switch
    {
        Step.Need => Script.Goodbye,
        Step.Booked => BookingScript.Goodbye,
        _ => Script.MessageTaken,
    });

    private static Move Connect(RoutingSettings settings, string dialled, Progress heard) =>
        heard.Closed ? new Move.TakeVoicemail(Script.AfterHoursVoicemail, Urgent: false)
        : Reachable(settings.PersonNumber, dialled) is { } number ? new Move.PutThrough(Script.Connecting, DialTarget.Person, number, settings.RingSeconds)
        : new Move.TakeVoicemail(Script.NobodyToConnect, Urgent: false);

    private static Move Escalate(RoutingSettings settings, string dialled) =>
        (Reachable(settings.OnCallNumber, dialled) ?? Reachable(settings.PersonNumber, dialled)) is { } number
            ? new Move.PutThrough(Script.Escalating, DialTarget.OnCall, number, settings.RingSeconds)
            : new Move.TakeVoicemail(Script.NobodyOnCall, Urgent: true);

    // A number that leads back to us would ring for ever.
    private static string? Reachable(string? number, string dialled) =>
        number is not null && number != dialled && PhoneNumber.IsE164(number) ? number : null;
}
