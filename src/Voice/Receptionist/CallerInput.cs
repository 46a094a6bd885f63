using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>What came from the caller: keys, words, or neither.</summary>
internal sealed record CallerInput(string? Keys, string? Speech, double? Confidence)
{
    // Twilio listens for a minute at most; more is no utterance.
    public const int MaxSpeechLength = 4000;
    private const int MaxKeys = 32;

    public static readonly CallerInput Silence = new(null, null, null);

    public bool IsSilence => Keys is null && Speech is null;

    public static CallerInput Of(string? keys, string? speech, double? confidence)
    {
        var cleanKeys = SpokenText.Clean(keys ?? "", MaxKeys).Trim();
        if (cleanKeys.Length > 0)
            return new(cleanKeys, null, null);
        var cleanSpeech = SpokenText.Clean(speech ?? "", MaxSpeechLength).Trim();
        return cleanSpeech.Length == 0
            ? Silence
            : new(null, cleanSpeech, confidence is >= 0 and <= 1 ? confidence : null);
    }
}
