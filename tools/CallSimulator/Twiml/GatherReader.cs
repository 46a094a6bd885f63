using System.Globalization;

namespace KestrelVoice.CallSimulator.Twiml;

/// <summary>Reads <c>Gather</c>.</summary>
internal static class GatherReader
{
    private const int MostHints = 500;
    private const int LongestHint = 100;

    private static readonly string[] SpeechModels =
    [
        "default", "numbers_and_commands", "phone_call", "experimental_conversations", "experimental_utterances",
        "googlev2_long", "googlev2_short", "googlev2_telephony", "googlev2_telephony_short", "deepgram_nova-2", "deepgram_nova-3",
    ];

    public static Gather Read(TwimlElement element, Func<TwimlElement, Verb> readPrompt)
    {
        var input = element.Choices("input", "dtmf", "dtmf", "speech");
        var timeout = element.Number("timeout", 5, 0, 3600);
        var speechTimeout = element.Text("speechTimeout");
        if (speechTimeout is not (null or "auto"))
            element.Pattern("speechTimeout", speechTimeout, text => Seconds(text) > 0, "auto or a positive number of seconds");
        CheckRecognition(element, speechTimeout);
        var gather = new Gather(element.Name, element.Line)
        {
            Action = element.Continuation(),
            Speech = input.Contains("speech"),
            Keys = input.Contains("dtmf"),
            Timeout = timeout,
            SpeechTimeout = speechTimeout switch { null => timeout, "auto" => null, var text => Seconds(text) },
            NumDigits = element.OptionalNumber("numDigits", 1, 1000),
            FinishOnKey = element.Keys("finishOnKey", "#"),
            ActionOnEmptyResult = element.Flag("actionOnEmptyResult", false),
            BargeIn = element.Flag("bargeIn", true),
            Prompts = [.. element.Children.Select(readPrompt)],
        };
        if (gather.FinishOnKey.Length > 1)
            throw element.Wrong($"finishOnKey=\"{gather.FinishOnKey}\" is more than one key");
        element.NoMoreAttributes("partialResultCallback", "partialResultCallbackMethod", "enhanced", "debug");
        element.NoText();
        return gather;
    }

    private static int? Seconds(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : null;

    private static void CheckRecognition(TwimlElement element, string? speechTimeout)
    {
        if (element.Text("speechModel") is { } model)
        {
            element.Pattern("speechModel", model, text => SpeechModels.Contains(text, StringComparer.Ordinal), "one of Twilio's speech models");
            if (speechTimeout is null or "auto")
                throw element.Wrong("speechModel needs a speechTimeout in seconds");
        }

        if (element.Text("language") is { } language)
            element.Pattern("language", language, text => SayReader.Language.IsMatch(text), "a language tag");
        if (element.Text("hints")?.Split(',') is { } hints && (hints.Length > MostHints || hints.Any(hint => hint.Trim().Length > LongestHint)))
            throw element.Wrong($"hints are limited to {MostHints} of {LongestHint} characters");
        element.Flag("profanityFilter", true);
        element.OptionalNumber("maxSpeechTime", 1, 60);
    }
}
