namespace KestrelVoice.Voice.Receptionist;

/// <summary>What an utterance asks of the receptionist, apart from its content.</summary>
internal enum Intent
{
    Message,
    Person,
    Voicemail,
    Book,
    Yes,
    Closing,
    Hello,
}

internal static class Intents
{
    private static readonly string[] PersonPhrases =
    [
        "human", "representative", "receptionist", "operator", "real person", "live person", "live agent", "actual person",
        "talk person", "speak person", "talk someone", "speak someone", "talk somebody", "speak somebody", "speak manager", "talk manager",
        "connect me to", "put me through", "transfer me",
    ];

    private static readonly string[] VoicemailPhrases = ["voicemail", "voice mail", "leave message", "answering machine"];

    private static readonly string[] BookPhrases = ["book", "appointment", "schedule", "come out", "send out", "set up visit", "set up time"];

    // Whoever has an appointment and wants it changed leaves that as a message.
    private static readonly string[] NotBookPhrases = ["cancel", "reschedule", "postpone", "move", "change"];

    private static readonly HashSet<string> ClosingSignals = ["no", "nope", "nah", "nothing", "all", "it", "bye", "goodbye", "thanks", "thank", "nevermind", "mind", "done"];
    private static readonly HashSet<string> ClosingWords =
    [
        .. ClosingSignals, "thats", "that", "is", "else", "im", "i", "am", "good", "you", "ok", "okay", "have", "a", "nice", "great", "day", "one", "for",
        "now", "perfect", "will", "be", "thatll", "so", "much", "very", "never", "um", "uh", "well", "you", "too", "think", "not",
    ];

    private static readonly HashSet<string> YesSignals = ["yes", "yeah", "yep", "yup", "sure", "actually"];
    private static readonly HashSet<string> YesWords =
        [.. YesSignals, "please", "ok", "okay", "i", "do", "one", "more", "thing", "there", "is", "um", "uh", "well", "of", "course", "just"];

    private static readonly HashSet<string> HelloSignals = ["hello", "hi", "hey", "morning", "afternoon", "evening"];
    private static readonly HashSet<string> HelloWords = [.. HelloSignals, "good", "there", "anyone", "anybody", "is", "um", "uh", "yes", "you", "can", "hear", "me"];

    public static Intent Recognise(IReadOnlyList<string> utterance)
    {
        if (PersonPhrases.Any(phrase => Words.Contain(utterance, phrase)))
            return Intent.Person;
        if (VoicemailPhrases.Any(phrase => Words.Contain(utterance, phrase)))
            return Intent.Voicemail;
        if (BookPhrases.Any(phrase => Words.Contain(utterance, phrase)) && !NotBookPhrases.Any(phrase => Words.Contain(utterance, phrase)))
            return Intent.Book;
        if (Consists(utterance, HelloWords, HelloSignals))
            return Intent.Hello;
        if (Consists(utterance, YesWords, YesSignals))
            return Intent.Yes;
        return Consists(utterance, ClosingWords, ClosingSignals) ? Intent.Closing : Intent.Message;
    }

    // An answer counts as a bare yes or no only when it says nothing besides.
    private static bool Consists(IReadOnlyList<string> utterance, HashSet<string> vocabulary, HashSet<string> signals) =>
        utterance.Any(signals.Contains) && utterance.All(vocabulary.Contains);
}
