using System.Text.RegularExpressions;
using KestrelVoice.Voice.Twilio;

namespace KestrelVoice.Voice.Receptionist;

/// <summary>The name in an answer to "what name shall I put it under?".</summary>
internal static partial class CallerName
{
    private const int MaxLength = 60;
    private const int MaxWords = 5;

    /// <returns>Null when the answer is too long, or too short, to be one.</returns>
    public static string? Of(string speech)
    {
        var name = NoLetters().Replace(SpokenText.Clean(speech, CallerInput.MaxSpeechLength), " ").Trim();
        for (var before = ""; before != name;)
        {
            before = name;
            name = Around().Replace(name, "").Trim(' ', '-', '\'', '.');
        }
        return name.Count(char.IsLetter) >= 2 && name.Length <= MaxLength && name.Split(' ').Length <= MaxWords ? name : null;
    }

    [GeneratedRegex(@"[^\p{L}\p{M}'’.\-]+", RegexOptions.CultureInvariant)]
    private static partial Regex NoLetters();

    [GeneratedRegex(
        @"\A(um|uh|well|yes|yeah|sure|ok|okay|hi|hello|it's|its|it’s|it is|this is|my name is|my name's|the name is|name is|i'm|i’m|i am|(you can )?put it under|under|make it|that would be|that's|call me|the name)(?=\s|\z)|(?<=\A|\s)(please|thanks|thank you|speaking|here)\.?\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 200)]
    private static partial Regex Around();
}
