using KestrelVoice.Contracts;
using KestrelVoice.Voice.Calls;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>The receptionist by script: pure decisions from settings, progress and what the caller did.</summary>
internal static class ScriptedEngine
{
    public const int MaxInputs = 8;
    public const int MaxSilences = 2;

    /// <summary>What <see cref="EmergencyDetected.Phrase"/> says when the caller pressed the key instead.</summary>
    public const string EmergencyKeyPhrase = "key 1";

    private const string PersonKey = "0";
    private const string EmergencyKey = "1";
    private const string VoicemailKey = "9";

    public static Decision Greet(RoutingSettings? settings, bool open) => (settings, open) switch
    {
        (null, _) => new(new Move.TakeVoicemail(Script.GenericGreeting, Urgent: false)),
        (_, true) => new(new Move.Ask(Script.AskNeed, Progress.Start), Greeting: Script.Greeting(settings)),
        (_, false) => new(new Move.AskThenVoicemail(Script.Closed, new Progress(Step.AfterHours, 0, 0)), Greeting: Script.Greeting(settings)),
    };

    public static Decision Hear(RoutingSettings? settings, string dialled, Progress progress, CallerInput input)
    {
        if (settings is null)
            return new(new Move.TakeVoicemail(Script.LostThread, Urgent: false));
        if (input.IsSilence)
            return new(AfterSilence(progress));

        var words = Words.Of(input.Speech ?? "");
        if (EmergencyIn(settings, progress, input, words) is { } phrase)
            return new(Escalate(settings, dialled), phrase);
        if (progress.Step == Step.AfterHours)
            return new(new Move.TakeVoicemail(Script.AfterHoursVoicemail, Urgent: false));

        var heard = progress with { Inputs = progress.Inputs + 1, Silences = 0 };
        return new(input.Keys is { } keys ? OnKeys(settings, dialled, heard, keys) : OnSpeech(settings, dialled, heard, Intents.Recognise(words)));
    }

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

    private static Move AfterSilence(Progress progress)
    {
        if (progress.Step == Step.AfterHours)
            return new Move.TakeVoicemail(Script.AfterHoursVoicemail, Urgent: false);
        if (progress.Silences < MaxSilences)
            return new Move.Ask(progress.Step == Step.Need ? Script.AskNeedAgain : Script.AskMoreAgain, progress with { Silences = progress.Silences + 1 });
        // Whoever has said what they need and then falls silent has been served.
        return progress.Step == Step.Need ? new Move.TakeVoicemail(Script.NothingHeard, Urgent: false) : new Move.HangUp(Script.MessageTaken);
    }

    private static Move OnKeys(RoutingSettings settings, string dialled, Progress heard, string keys) => keys switch
    {
        PersonKey => Connect(settings, dialled),
        VoicemailKey => new Move.TakeVoicemail(Script.Voicemail, Urgent: false),
        _ when heard.Inputs >= MaxInputs => Close(heard),
        _ => new Move.Ask(Script.UnknownKey, heard),
    };

    private static Move OnSpeech(RoutingSettings settings, string dialled, Progress heard, Intent intent) => intent switch
    {
        Intent.Person => Connect(settings, dialled),
        Intent.Voicemail => new Move.TakeVoicemail(Script.Voicemail, Urgent: false),
        Intent.Closing => Close(heard),
        _ when heard.Inputs >= MaxInputs => Close(heard),
        Intent.Hello when heard.Step == Step.Need => new Move.Ask(Script.Hello, heard),
        Intent.Yes => new Move.Ask(Script.GoAhead, heard),
        _ => new Move.Ask(heard.Step == Step.Need ? Script.Noted : Script.NotedToo, heard with { Step = Step.More }),
    };

    private static Move.HangUp Close(Progress heard) => new(heard.Step == Step.Need ? Script.Goodbye : Script.MessageTaken);

    private static Move Connect(RoutingSettings settings, string dialled) => Reachable(settings.PersonNumber, dialled) is { } number
        ? new Move.PutThrough(Script.Connecting, DialTarget.Person, number, settings.RingSeconds)
        : new Move.TakeVoicemail(Script.NobodyToConnect, Urgent: false);

    private static Move Escalate(RoutingSettings settings, string dialled) =>
        (Reachable(settings.OnCallNumber, dialled) ?? Reachable(settings.PersonNumber, dialled)) is { } number
            ? new Move.PutThrough(Script.Escalating, DialTarget.OnCall, number, settings.RingSeconds)
            : new Move.TakeVoicemail(Script.NobodyOnCall, Urgent: true);

    // A number that leads back to us would ring for ever.
    private static string? Reachable(string? number, string dialled) =>
        number is not null && number != dialled && PhoneNumber.IsE164(number) ? number : null;
}
